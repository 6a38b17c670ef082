#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "configuration.h"

namespace rtbridge {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

class ConfigurationFile : public testing::Test {
protected:
    ~ConfigurationFile() override { std::remove(path_.c_str()); }

    [[nodiscard]] std::vector<std::string> mistakes_in(const std::string& text) {
        std::ofstream(path_) << text;
        Diagnostics diagnostics;
        loaded = load_configuration(path_, diagnostics);
        std::vector<std::string> lines;
        for (const Diagnostic& diagnostic : diagnostics.sorted()) {
            lines.push_back(to_line(diagnostic));
        }
        return lines;
    }

    std::optional<Configuration> loaded;

private:
    std::string path_ = testing::TempDir() + "configuration_" + std::to_string(getpid()) + ".toml";
};

TEST_F(ConfigurationFile, ReportsMistakesOfTheFileAndOfItsRulesInOneRun) {
    EXPECT_THAT(
        mistakes_in(R"([listener]
bnid = "x"
[[rule]]
name = "a"
topics = ["a/#/b"]
[[rule]]
name = "a"
topics = ["t"]
[[rule]]
name = "no-topics"
[[rule]]
name = "b"
topics = ["t"]
key = "{nope}"
)"),
        ElementsAre(HasSubstr(":2:1: error: unknown key"), HasSubstr(":5:11: error: invalid topic"),
                    HasSubstr(":7:8: error: rule \"a\" exists already"),
                    HasSubstr(":9:1: error: rule has no topics"),
                    HasSubstr(":14:7: error: unknown name {nope}")));
    EXPECT_FALSE(loaded);
}

TEST_F(ConfigurationFile, ReportsMistakesInWhatSocketIoClientsAreTold) {
    EXPECT_THAT(mistakes_in(R"([[socketio.welcome]]
event = "hello"
body = "{arg}"
[[socketio.on]]
event = "latest"
do = "latest"
)"),
                ElementsAre(HasSubstr(":3:8: error: {arg} has no meaning"),
                            HasSubstr(":4:1: error: [[socketio.on]] has no key")));
    EXPECT_FALSE(loaded);

    EXPECT_THAT(mistakes_in("[[socketio.welcome]]\nevent = \"hello\"\n"), ElementsAre());
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->socketio_events->welcome.at(0).event, "hello");
}

TEST_F(ConfigurationFile, GivesConfigAndRulesOfAGoodFile) {
    EXPECT_THAT(mistakes_in("[[rule]]\nname = \"a\"\ntopics = [\"t\"]\n"), testing::IsEmpty());
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->config.rules.size(), 1U);
    EXPECT_EQ(loaded->rules->rules().size(), 1U);
}

TEST_F(ConfigurationFile, ReportsMistakesOfRoutesAndADirectoryThatIsNotThere) {
    EXPECT_THAT(mistakes_in("[listener]\nwww = \"/nonexistent/www\"\n"
                            "[[http.route]]\nmethod = \"GET\"\npath = \"/ws\"\nlatest = \"t\"\n"),
                ElementsAre(AllOf(HasSubstr(":2:7: error: cannot open the directory"),
                                  EndsWith("No such file or directory")),
                            HasSubstr(":5:8: error: path \"/ws\" would take")));
    EXPECT_THAT(mistakes_in("[listener]\nwww = \"" + testing::TempDir() + "\"\n"),
                testing::IsEmpty());
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->http_routes);
}

TEST_F(ConfigurationFile, SaysWhichFileItCannotRead) {
    Diagnostics diagnostics;
    EXPECT_FALSE(load_configuration("/nonexistent/rtbridge.toml", diagnostics));
    EXPECT_THAT(to_line(diagnostics.sorted().front()), EndsWith("No such file or directory"));
}

TEST_F(ConfigurationFile, WarnsOfWhatIsRightButHardlyMeant) {
    EXPECT_THAT(mistakes_in("[[rule]]\nname = \"a\"\ntopics = [\"$SYS/#\"]\n"
                            "[[http.route]]\nmethod = \"GET\"\npath = \"/x\"\nlatest = \"t\"\n"),
                ElementsAre(HasSubstr(":3:11: warning: \"$SYS/#\" can never match"),
                            HasSubstr(":7:10: warning: \"t\" never has a value")));
    EXPECT_TRUE(loaded);
}

}  // namespace
}  // namespace rtbridge
