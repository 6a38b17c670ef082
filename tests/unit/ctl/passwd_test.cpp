#include "ctl/passwd.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "unit/access/private_folder.h"

namespace rtbridge {
namespace {

NewPassword quick(const std::string& password) {
    return {.password = password, .rounds = 10};
}

::mode_t mode_of(const std::string& file) {
    struct stat status {};
    EXPECT_EQ(::stat(file.c_str(), &status), 0);
    return status.st_mode & 07777U;
}

bool is_right(const std::string& file, const std::string& user, const std::string& password) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = check_password(file, user, password, out, err);
    EXPECT_EQ(out.str(), code == 0 ? "right\n" : "unknown user or wrong password\n");
    EXPECT_EQ(err.str(), "");
    return code == 0;
}

TEST(Passwd, MakesAFileForItsOwnerAlone) {
    const PrivateFolder folder;
    const std::string file = folder.path("users");
    std::ostringstream err;

    EXPECT_EQ(set_password(file, "anna", quick("secret"), err), 0);

    EXPECT_EQ(err.str(), "");
    EXPECT_EQ(mode_of(file), 0600U);
    EXPECT_EQ(folder.read("users").substr(0, 11), "anna:$7$10$");
    EXPECT_TRUE(is_right(file, "anna", "secret"));
    EXPECT_FALSE(is_right(file, "anna", "Secret"));
    EXPECT_FALSE(is_right(file, "ben", "secret"));
}

TEST(Passwd, ChangesOneLineAndKeepsTheRest) {
    const PrivateFolder folder;
    const std::string file = folder.write("users", "# staff\nann:x\nanna:old\n\nben:y", 0640);
    std::ostringstream err;

    EXPECT_EQ(set_password(file, "anna", quick("new"), err), 0);
    EXPECT_EQ(set_password(file, "cleo", {.password = "new", .argon2id = true}, err), 0);

    const std::string text = folder.read("users");
    EXPECT_EQ(text.substr(0, 25), "# staff\nann:x\nanna:$7$10$");
    EXPECT_NE(text.find("\n\nben:y\ncleo:$argon2id$v=19$m=47104,t=1,p=1$"), std::string::npos);
    EXPECT_EQ(text.back(), '\n');
    EXPECT_EQ(mode_of(file), 0640U);
    EXPECT_EQ(err.str(), "");
}

TEST(Passwd, DeletesAUser) {
    const PrivateFolder folder;
    const std::string file = folder.write("users", "ann:x\nanna:y\nben:z\n");
    std::ostringstream err;

    EXPECT_EQ(delete_user(file, "anna", err), 0);
    EXPECT_EQ(folder.read("users"), "ann:x\nben:z\n");
    EXPECT_EQ(delete_user(file, "anna", err), 1);
    EXPECT_EQ(err.str(), "rtbridgectl: " + file + " has no user \"anna\"\n");
}

TEST(Passwd, FollowsALinkAndLeavesNothingBehind) {
    const PrivateFolder folder;
    folder.write("real", "ann:x\n");
    std::filesystem::create_symlink("real", folder.path("link"));
    std::ostringstream err;

    EXPECT_EQ(delete_user(folder.path("link"), "ann", err), 0);

    EXPECT_EQ(folder.read("real"), "");
    EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link")));
    const auto files = std::filesystem::directory_iterator(folder.path(""));
    EXPECT_EQ(std::distance(begin(files), end(files)), 2);
}

TEST(Passwd, RefusesWhatTheFileCannotHold) {
    const PrivateFolder folder;
    const std::string file = folder.path("users");
    const struct {
        std::string user, password, mistake;
    } cases[] = {
        {"", "x", "the user must not be empty or have control characters"},
        {"a\nb:x", "x", "the user must not be empty or have control characters"},
        {"a:b", "x", "the user must not have a ':'"},
        {"#a", "x", "the user must not begin with '#'"},
        {"a", "", "the password is empty"},
        {"a", std::string("x\0", 2), "the password must not have a NUL"},
    };
    for (const auto& c : cases) {
        std::ostringstream err;
        EXPECT_EQ(set_password(file, c.user, quick(c.password), err), 1) << c.user;
        EXPECT_EQ(err.str(), "rtbridgectl: " + c.mistake + "\n");
    }
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Passwd, SaysWhyAFileCannotBeUsed) {
    const PrivateFolder folder;
    std::ostringstream out;
    std::ostringstream err;

    EXPECT_EQ(set_password(folder.path(""), "a", quick("x"), err), 1);
    EXPECT_EQ(set_password(folder.path("none/users"), "a", quick("x"), err), 1);
    EXPECT_EQ(delete_user(folder.path("none"), "a", err), 1);
    EXPECT_EQ(check_password(folder.path("none"), "a", "x", out, err), 1);

    EXPECT_EQ(err.str(),
              "rtbridgectl: " + folder.path("") +
                  ": this is a directory; name a file in it\n"
                  "rtbridgectl: " +
                  folder.path("none/users") +
                  ": cannot write next to the file: No such file or directory\n"
                  "rtbridgectl: " +
                  folder.path("none") + ": cannot read the file: No such file or directory\n" +
                  folder.path("none") + ": error: passwords_file \"" + folder.path("none") +
                  "\": cannot read the file: No such file or directory\n");
}

TEST(Passwd, ReadsAndChecksWhatMosquittoPasswdWrites) {
    if (std::system("command -v mosquitto_passwd >/dev/null") != 0) {
        GTEST_SKIP() << "mosquitto_passwd is not installed";
    }
    const PrivateFolder folder;
    const std::string file = folder.path("users");
    const std::string quiet = " '" + file + "' ";
    ASSERT_EQ(std::system(("mosquitto_passwd -c -b" + quiet + "anna 'p w' 2>/dev/null").c_str()),
              0);
    ASSERT_EQ(
        std::system(("mosquitto_passwd -H sha512 -b" + quiet + "ben secret 2>/dev/null").c_str()),
        0);
    ASSERT_EQ(::chmod(file.c_str(), 0600), 0);  // mosquitto_passwd 2.0 goes by the umask
    std::ostringstream err;
    ASSERT_EQ(set_password(file, "cleo", quick("third"), err), 0);

    EXPECT_TRUE(is_right(file, "anna", "p w"));
    EXPECT_TRUE(is_right(file, "ben", "secret"));
    EXPECT_TRUE(is_right(file, "cleo", "third"));
    EXPECT_FALSE(is_right(file, "ben", "p w"));
}

}  // namespace
}  // namespace rtbridge
