#include "ctl/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "access/private_folder.h"
#include "ctl/tool.h"
#include "output_of.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

std::string script(Shell shell) {
    CLI::App tool;
    int exit_code = 0;
    add_subcommands(tool, exit_code);
    return completion_script(tool, shell);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (!line.empty()) lines.push_back(line);
    }
    return lines;
}

class Completion : public testing::Test {
protected:
    Completion() {
        (void)folder_.write("one.toml", "");
        (void)folder_.write("two words.toml", "");
    }

    // What bash offers for the last of these words, in a folder with two files.
    std::vector<std::string> bash(const std::string& words) {
        (void)folder_.write("../" + name_, script(Shell::Bash));
        const std::string script_file = folder_.path("../" + name_);
        std::istringstream in(words);
        std::string list = "rtbridgectl";
        std::size_t count = 0;
        for (std::string word; in >> word; ++count) list += " '" + word + "'";
        if (words.empty() || words.ends_with(' ')) {
            list += " ''";
            ++count;
        }
        return lines_of(output_of("cd " + folder_.path("") + " && bash --norc -c \"source '" +
                                  script_file + "'; rm '" + script_file + "'; COMP_WORDS=(" + list +
                                  "); COMP_CWORD=" + std::to_string(count) +
                                  "; _rtbridgectl; printf '%s\\n' \\\"\\${COMPREPLY[@]}\\\"\""));
    }

    PrivateFolder folder_;
    const std::string name_ = "rtbridge-completion-" + std::to_string(::getpid());
};

TEST_F(Completion, OfBashKnowsCommandsOptionsWordsAndFiles) {
    EXPECT_THAT(bash("c"), ElementsAre("check", "completion"));
    EXPECT_THAT(bash("acl "), ElementsAre("explain", "who-can", "diff"));
    EXPECT_THAT(bash("acl wh"), ElementsAre("who-can"));
    EXPECT_THAT(bash("check --s"), ElementsAre("--strict"));
    EXPECT_THAT(bash("check --strict "), UnorderedElementsAre("one.toml", "two words.toml"));
    EXPECT_THAT(bash("check tw"), ElementsAre("two words.toml"));
    EXPECT_THAT(bash("acl explain one.toml publish"), ElementsAre("publish", "publish_retained"));
    EXPECT_THAT(bash("acl explain --user anna one.toml re"), ElementsAre("receive"))
        << "the value of an option is no argument";
    EXPECT_THAT(bash("acl explain --user "), ElementsAre()) << "anybody";
    EXPECT_THAT(bash("replay rec --config o"), ElementsAre("one.toml"));
    EXPECT_THAT(bash("replay rec --config = o"), ElementsAre("one.toml")) << "as bash splits it";
    EXPECT_THAT(bash("completion z"), ElementsAre("zsh"));
    EXPECT_THAT(bash("explain one.toml check "), ElementsAre()) << "a topic, no command";
    EXPECT_THAT(bash("no-such "), testing::Contains("check"));
}

TEST_F(Completion, OfEachShellNamesEverySubcommandAndOption) {
    CLI::App tool;
    int exit_code = 0;
    add_subcommands(tool, exit_code);
    for (const Shell shell : {Shell::Bash, Shell::Zsh, Shell::Fish}) {
        const std::string text = script(shell);
        for (const CLI::App* const command : tool.get_subcommands({})) {
            EXPECT_THAT(text, HasSubstr(command->get_name()));
            for (const CLI::Option* const option : command->get_options()) {
                if (option->get_positional()) continue;
                const std::string name = option->get_lnames().at(0);
                EXPECT_THAT(text, HasSubstr((shell == Shell::Fish ? "-l " : "--") + name));
            }
        }
    }
}

TEST_F(Completion, OfZshIsAccepted) {
    if (!has_program("zsh")) GTEST_SKIP() << "no zsh here";
    const std::string file = folder_.write("_rtbridgectl", script(Shell::Zsh));

    EXPECT_EQ(output_of("zsh -fn " + file), "");
    EXPECT_EQ(output_of("zsh -fc 'autoload -Uz compinit; compinit -D; source " + file +
                        "; print $_comps[rtbridgectl]; whence -w _rtbridgectl_acl_explain'"),
              "_rtbridgectl\n_rtbridgectl_acl_explain: function\n");
}

TEST_F(Completion, OfFishOffersTheSame) {
    if (!has_program("fish")) GTEST_SKIP() << "no fish here";
    const std::string file = folder_.write("rtbridgectl.fish", script(Shell::Fish));
    const auto fish = [&](const std::string& line) {
        std::vector<std::string> offers;
        for (const std::string& offer :
             lines_of(output_of("cd " + folder_.path("") + " && HOME=" + folder_.path("") +
                                " fish --no-config -c 'source " + file +
                                "; complete -C \"rtbridgectl " + line + "\"'"))) {
            offers.push_back(offer.substr(0, offer.find('\t')));
        }
        return offers;
    };
    EXPECT_THAT(fish("c"), ElementsAre("check", "completion"));
    EXPECT_THAT(fish("acl wh"), ElementsAre("who-can"));
    EXPECT_THAT(fish("check --s"), ElementsAre("--strict"));
    EXPECT_THAT(fish("check on"), ElementsAre("one.toml"));
    EXPECT_THAT(fish("completion z"), ElementsAre("zsh"));
    EXPECT_THAT(fish("replay rec --config o"), ElementsAre("one.toml"));
}

}  // namespace
}  // namespace rtbridge
