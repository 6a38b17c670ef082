#include "config/template_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config_loader.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;

TemplateSource body_of(const std::string& toml) {
    Diagnostics diagnostics;
    const auto config =
        parse_config("[[rule]]\nname = \"a\"\ntopics = [\"a\"]\nbrowser.body = " + toml + "\n", "x",
                     diagnostics);
    return config ? *config->rules.at(0).browser.body : TemplateSource{};
}

TEST(TemplateText, IsTomlThatReadsBackTheSame) {
    for (const char* const text : {
             R"("a {topic}")",
             R"({ a = 1, "b c" = [true, 1.5, "x\"y"], d = {}, e = { f = "{payload}" } })",
             "[]",
             "-7",
         }) {
        EXPECT_EQ(to_toml(body_of(text)), text);
    }
}

TEST(TemplateText, NamesWhatStandsInBraces) {
    EXPECT_THAT(names_in_braces("{a}-{payload.b}"), ElementsAre("a", "payload.b"));
    EXPECT_THAT(names_in_braces("{{a}} {b"), ElementsAre());
    EXPECT_THAT(names_in_braces("{{{a}}}"), ElementsAre("a"));
    const TemplateSource body =
        body_of(R"({ x = ["{a}", { y = "{b}" }], n = 1, t = true, f = 1.5 })");
    EXPECT_THAT(names_in_braces(body), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace rtbridge
