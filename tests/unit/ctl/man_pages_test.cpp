// The manual pages are documentation that must stay true.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "ctl/tool.h"
#include "output_of.h"

namespace rtbridge {
namespace {

const std::string conf_folder = RTBRIDGE_CONF_DIR;
constexpr const char* pages[] = {"rtbridgectl.1", "rtbridge.toml.5", "rtbridge.8"};

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    return {std::istreambuf_iterator<char>(file), {}};
}

// The words of the lines that are macros: names, not prose.
std::set<std::string> names_in(const std::string& page) {
    std::set<std::string> names;
    std::istringstream lines(text_of(conf_folder + "/man/" + page));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with('.')) continue;
        std::istringstream words(line);
        for (std::string word; words >> word;) names.insert(word);
    }
    return names;
}

void expect_described(const CLI::App& command, const std::set<std::string>& names) {
    for (const CLI::Option* const option : command.get_options()) {
        const std::string name =
            option->get_positional() ? option->get_name(true) : "-" + option->get_lnames().at(0);
        EXPECT_TRUE(names.contains(name)) << command.get_name() << " " << name;
    }
    for (const CLI::App* const subcommand : command.get_subcommands({})) {
        EXPECT_TRUE(names.contains(subcommand->get_name())) << subcommand->get_name();
        expect_described(*subcommand, names);
    }
}

TEST(ManPages, DescribeEveryCommandOptionAndArgument) {
    CLI::App tool;
    int exit_code = 0;
    add_subcommands(tool, exit_code);

    expect_described(tool, names_in("rtbridgectl.1"));
}

// The installed file shows every option.
TEST(ManPages, DescribeEveryKeyOfTheConfiguration) {
    const std::set<std::string> names = names_in("rtbridge.toml.5");
    const std::set<std::string> of_examples = {"site",     "rule", "ts",     "state",   "data",
                                               "at",       "name", "status", "message", "on",
                                               "power_kw", "low",  "level"};
    const std::string file = text_of(conf_folder + "/rtbridge.toml");
    const std::regex key(R"((^|[^\w"])([a-z][a-z_]*) = )");
    const std::regex section(R"((\[\[?[a-z_.]+\]\]?)\n)");

    int keys = 0;
    for (std::sregex_iterator match(file.begin(), file.end(), key), end; match != end; ++match) {
        const std::string name = (*match)[2];
        if (of_examples.contains(name)) continue;
        EXPECT_TRUE(names.contains(name)) << name;
        ++keys;
    }
    for (std::sregex_iterator match(file.begin(), file.end(), section), end; match != end;
         ++match) {
        EXPECT_TRUE(names.contains((*match)[1])) << (*match)[1];
    }
    EXPECT_GT(keys, 100);
}

TEST(ManPages, AreWithoutMistakes) {
    for (const char* const page : pages) {
        const std::string path = conf_folder + "/man/" + page;
        if (has_program("groff")) {
            EXPECT_EQ(output_of("groff -mandoc -ww -z -Tutf8 " + path), "");
        }
        if (has_program("mandoc")) {
            EXPECT_EQ(output_of("mandoc -T lint -W warning " + path), "");
        }
    }
    if (!has_program("groff") && !has_program("mandoc")) GTEST_SKIP() << "no groff, no mandoc";
}

TEST(ManPages, AreShownByMan) {
    if (!has_program("man")) GTEST_SKIP() << "no man here";
    for (const char* const page : pages) {
        const std::string shown =
            output_of("MANPAGER=cat MANWIDTH=100 man -l " + conf_folder + "/man/" + page);
        EXPECT_THAT(shown, testing::HasSubstr("SEE ALSO")) << page;
    }
}

}  // namespace
}  // namespace rtbridge
