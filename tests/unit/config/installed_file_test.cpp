// conf/rtbridge.toml is documentation that must stay true.

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

#include "config/config_loader.h"
#include "config_text.h"

namespace rtbridge {
namespace {

const std::string installed_file = std::string(RTBRIDGE_CONF_DIR) + "/rtbridge.toml";

TEST(InstalledFile, SaysWhatRunsWithoutAFile) {
    Diagnostics diagnostics;

    const std::optional<Config> config = load_config(installed_file, diagnostics);

    EXPECT_EQ(to_test_text(diagnostics), "");
    ASSERT_TRUE(config);
    EXPECT_EQ(to_test_text(*config), to_test_text(Config::built_in()));
}

TEST(InstalledFile, ItsCommentedOptionsShowTheDefaults) {
    std::ifstream file(installed_file);
    std::ostringstream text;
    const std::regex option("# ([a-z_]+ = .+|\\[[a-z]+\\])");
    int options = 0;
    for (std::string line; std::getline(file, line);) {
        std::smatch match;
        const bool is_option = std::regex_match(line, match, option);
        options += is_option ? 1 : 0;
        text << (is_option ? match[1].str() : line) << "\n";
    }
    Diagnostics diagnostics;

    const std::optional<Config> config = parse_config(text.str(), installed_file, diagnostics);

    EXPECT_EQ(options, 52);
    EXPECT_EQ(to_test_text(diagnostics), "");
    ASSERT_TRUE(config);
    Config expected = Config::built_in();
    expected.auth = AuthConfig{};  // the section in itself means "deny"
    expected.acl = AclConfig{};    // likewise
    EXPECT_EQ(to_test_text(*config), to_test_text(expected));
}

}  // namespace
}  // namespace rtbridge
