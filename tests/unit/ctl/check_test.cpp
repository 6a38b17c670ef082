#include "ctl/check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace rtbridge {
namespace {

class File {
public:
    explicit File(const std::string& text) { std::ofstream(path_) << text; }
    ~File() { std::filesystem::remove(path_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    const std::string path_ = (std::filesystem::temp_directory_path() /
                               ("rtbridge-check-" + std::to_string(::getpid()) + ".toml"))
                                  .string();
};

TEST(Check, AGoodFileIsOk) {
    const File file("[[rule]]\nname = \"a\"\ntopics = [\"a\"]\n");
    std::ostringstream out;
    std::ostringstream err;

    EXPECT_EQ(check(file.path(), Warnings::Fail, out, err), 0);

    EXPECT_EQ(out.str(), file.path() + ": ok, 1 rule\n");
    EXPECT_EQ(err.str(), "");
}

TEST(Check, MistakesAreShownWithTheirLines) {
    const File file("version = 2\n[listener]\n\tbnid = 1\n");
    std::ostringstream out;
    std::ostringstream err;

    EXPECT_EQ(check(file.path(), Warnings::Pass, out, err), 1);

    EXPECT_EQ(out.str(), file.path() + ": 2 errors, 0 warnings\n");
    EXPECT_EQ(
        err.str(),
        file.path() +
            ":1:11: error: version 2 of the file format is not known here; write version = 1\n"
            "    version = 2\n"
            "              ^\n" +
            file.path() +
            ":3:2: error: unknown key \"bnid\" in [listener]; did you mean \"bind\"?\n"
            "    \tbnid = 1\n"
            "    \t^\n");
}

TEST(Check, WarningsFailOnlyWhenAskedTo) {
    const File file("[[rule]]\nname = \"r\"\ntopics = [\"t\"]\nkey = \"{payload.topic}\"\n");
    std::ostringstream out;
    std::ostringstream err;

    EXPECT_EQ(check(file.path(), Warnings::Pass, out, err), 0);
    EXPECT_EQ(check(file.path(), Warnings::Fail, out, err), 1);

    EXPECT_EQ(out.str(),
              file.path() + ": ok, 1 rule, 1 warning\n" + file.path() + ": 0 errors, 1 warning\n");
}

TEST(Check, AFileThatIsNotThereIsAnError) {
    std::ostringstream out;
    std::ostringstream err;

    EXPECT_EQ(check("/nonexistent.toml", Warnings::Pass, out, err), 1);

    EXPECT_EQ(out.str(), "/nonexistent.toml: 1 error, 0 warnings\n");
    EXPECT_EQ(err.str(),
              "/nonexistent.toml: error: cannot read the file: No such file or directory\n");
}

}  // namespace
}  // namespace rtbridge
