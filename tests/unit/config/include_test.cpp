// Files on disk: what cannot be read, and what `include` finds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/config_loader.h"
#include "config_text.h"

namespace rtbridge {
namespace {

// A folder of its own for each test, gone afterwards. The '[' in its name must not count as a
// wildcard.
class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "rtbridge[a]XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name)) << text;
    }

private:
    std::string path_;
};

std::string rule(const std::string& name) {
    return "[[rule]]\nname = \"" + name + "\"\ntopics = [\"a\"]\n";
}

// The names of the rules in their order, or the mistakes with the folder left out.
std::string load(const Folder& folder, const std::string& file = "main.toml") {
    Diagnostics diagnostics;
    const std::optional<Config> config = load_config(folder.path(file), diagnostics);
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics.sorted()) {
        std::string line = to_line(diagnostic);
        for (std::size_t at = 0; (at = line.find(folder.path(""))) != std::string::npos;) {
            line.erase(at, folder.path("").size());
        }
        text += line + "\n";
    }
    EXPECT_EQ(config.has_value(), !diagnostics.has_errors());
    if (config) {
        for (const RuleConfig& each : config->rules) text += each.name.value + " ";
    }
    return text;
}

TEST(ConfigFile, ThatCannotBeReadIsAnError) {
    const Folder folder;
    folder.write("large.toml", std::string(1024 * 1024 + 1, '#'));
    folder.write("just.toml", std::string(1024 * 1024, '#'));
    folder.write("empty.toml", "");
    folder.write("sub/x.toml", "");
    ASSERT_EQ(::mkfifo(folder.path("fifo.toml").c_str(), 0600), 0);

    EXPECT_EQ(load(folder, "none.toml"),
              "none.toml: error: cannot read the file: No such file or directory\n");
    EXPECT_EQ(load(folder, "empty.toml/x"),
              "empty.toml/x: error: cannot read the file: Not a directory\n");
    EXPECT_EQ(load(folder, "sub"), "sub: error: this is a directory; name a file in it\n");
    EXPECT_EQ(load(folder, "fifo.toml"), "fifo.toml: error: this is not a regular file\n");
    EXPECT_EQ(load(folder, "large.toml"),
              "large.toml: error: the file is larger than 1MiB; split it by include\n");
    EXPECT_EQ(load(folder, "just.toml"), "");
    EXPECT_EQ(load(folder, "empty.toml"), "");
}

TEST(Include, RulesComeAfterThoseOfTheMainFileInNameOrderPerPattern) {
    const Folder folder;
    folder.write("main.toml",
                 "include = [\"z.toml\", \"rules.d/*.toml\", \"other/?.toml\"]\n" + rule("main"));
    folder.write("z.toml", rule("z"));
    folder.write("rules.d/20.toml", rule("r20"));
    folder.write("rules.d/10.toml", rule("r10") + rule("r10b"));
    folder.write("rules.d/B.toml", rule("rB"));
    folder.write("rules.d/a.toml", rule("ra"));
    folder.write("rules.d/not-this.txt", "nonsense");
    folder.write("other/1.toml", rule("o1"));

    EXPECT_EQ(load(folder), "main z r10 r10b r20 rB ra o1 ");
}

TEST(Include, AFileIsReadOnce) {
    const Folder folder;
    folder.write("main.toml", "include = [\"a.toml\", \"*.toml\", \"./a.toml\", \"" +
                                  folder.path("a.toml") + "\"]\n" + rule("main"));
    folder.write("a.toml", rule("a"));

    EXPECT_EQ(load(folder), "main a ");
}

TEST(Include, APatternWithoutWildcardsHasToMatch) {
    const Folder folder;
    folder.write("main.toml",
                 "include = [\"none/*.toml\", \"none.toml\", \"\", \"n?.toml\", \"sub\"]\n");
    folder.write("sub/x.toml", rule("x"));

    EXPECT_EQ(load(folder),
              "main.toml:1:27: error: cannot include \"none.toml\": there is no such file\n"
              "main.toml:1:40: error: include \"\" is not a file name; write one like "
              "\"rules.d/*.toml\"\n"
              "sub: error: this is a directory; name a file in it\n");
}

TEST(Include, IncludedFilesHoldRulesOnly) {
    const Folder folder;
    folder.write("main.toml", "include = [\"a.toml\"]\n");
    folder.write("a.toml",
                 "version = 1\n"
                 "include = []\n"
                 "ruel = 1\n"
                 "[listener]\n"
                 "[limits]\n"
                 "[auth]\n"
                 "anonymous = \"deny\"\n"
                 "[[auth.role]]\n"
                 "[acl]\n"
                 "default = \"deny\"\n"
                 "[[http.route]]\n"
                 "[[alert]]\n"
                 "[[test]]\n"
                 "[sse]\n");

    EXPECT_EQ(
        load(folder),
        "a.toml:1:1: error: version may not stand in an included file; move it to the main file\n"
        "a.toml:2:1: error: include may not stand in an included file; name the file in the main "
        "file\n"
        "a.toml:3:1: error: unknown key \"ruel\" in an included file; did you mean \"rule\"?\n"
        "a.toml:4:2: error: listener may not stand in an included file; move it to the main file\n"
        "a.toml:5:2: error: limits may not stand in an included file; move it to the main file\n"
        "a.toml:7:1: error: anonymous of [auth] may not stand in an included file; move it to the "
        "main file\n"
        "a.toml:8:1: error: [[auth.role]] has no user; add one like user = \"anna\"\n"
        "a.toml:8:1: error: [[auth.role]] has no role; add one like role = \"operator\"\n"
        "a.toml:10:1: error: default of [acl] may not stand in an included file; move it to the "
        "main file\n"
        "a.toml:11:1: error: method is missing; write \"GET\" or \"POST\"\n"
        "a.toml:11:1: error: path is missing; write one like \"/match/{id}\"\n"
        "a.toml:11:1: error: latest is missing; write one like \"matches/{id}\"\n"
        "a.toml:12:3: error: alert is not supported yet; remove it\n"
        "a.toml:13:3: error: test is not supported yet; remove it\n"
        "a.toml:14:2: error: sse may not stand in an included file; move it to the main file\n");
}

TEST(Include, AccessRulesOfIncludedFilesJoinThoseOfTheMainFile) {
    const std::string rule = "[[acl.rule]]\nallow = [\"receive\"]\ntopics = [\"a\"]\n";
    const Folder folder;
    folder.write("main.toml", "include = [\"a.toml\"]\n[acl]\ndefault = \"allow\"\n" + rule);
    folder.write("a.toml", rule + rule);
    Diagnostics diagnostics;

    const std::optional<Config> config = load_config(folder.path("main.toml"), diagnostics);

    EXPECT_EQ(to_test_text(diagnostics), "");
    ASSERT_TRUE(config && config->acl);
    EXPECT_EQ(config->acl->default_effect, AclEffect::Allow);
    ASSERT_EQ(config->acl->rules.size(), 3U);
    EXPECT_EQ(config->acl->rules[2].place.file, folder.path("a.toml"));
}

TEST(Include, IncludedFilesMayGiveRolesToUsers) {
    const Folder folder;
    const std::string role = "[[auth.role]]\nuser = \"anna\"\nrole = \"operator\"\n";
    folder.write("main.toml", "include = [\"a.toml\"]\n[auth]\n" + role);
    folder.write("open.toml", "include = [\"a.toml\"]\n");
    folder.write("a.toml", role + role);
    Diagnostics diagnostics;

    const std::optional<Config> config = load_config(folder.path("main.toml"), diagnostics);

    EXPECT_EQ(to_test_text(diagnostics), "");
    ASSERT_TRUE(config);
    EXPECT_EQ(config->auth.value().roles.size(), 3U);
    // Who may connect is the main file's business.
    EXPECT_EQ(load(folder, "open.toml"),
              "a.toml:1:1: error: [[auth.role]] needs an [auth] section in the main file; add "
              "one\n");
}

TEST(Include, ASyntaxErrorEndsTheReadingOfItsFileOnly) {
    const Folder folder;
    folder.write("main.toml", "include = [\"*.d/*\"]\nmqtt = 1\n" + rule("a"));
    folder.write("x.d/1", "[[rule]\n");
    folder.write("x.d/2", rule("a"));

    EXPECT_THAT(load(folder),
                testing::AllOf(testing::HasSubstr("main.toml:2:1: error: unknown key \"mqtt\""),
                               testing::HasSubstr("x.d/1:1:8: error: syntax error"),
                               testing::HasSubstr(
                                   "x.d/2:2:8: error: rule \"a\" exists already at main.toml:4")));
}

TEST(Include, IsRelativeToTheFileWhateverTheWorkingFolder) {
    const Folder folder;
    folder.write("main.toml", "include = [\"sub/a.toml\"]\n");
    folder.write("sub/a.toml", rule("a"));
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path(""));
    Diagnostics diagnostics;

    const std::optional<Config> config = load_config("main.toml", diagnostics);
    std::filesystem::current_path(before);

    EXPECT_EQ(to_test_text(diagnostics), "");
    ASSERT_TRUE(config);
    ASSERT_EQ(config->rules.size(), 1U);
    EXPECT_EQ(config->rules[0].name.place.file, "sub/a.toml");
}

}  // namespace
}  // namespace rtbridge
