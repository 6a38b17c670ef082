#include "access/placeholder.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(Placeholder, IsWrittenAsItIsRead) {
    for (const std::string_view text : {"{user}", "{client}", "{claim.site}", "{claim.a.b}"}) {
        const auto parsed = Placeholder::parse(text);
        ASSERT_TRUE(parsed.ok()) << text;
        EXPECT_EQ(parsed.value().text(), text);
    }
}

TEST(Placeholder, RefusesOtherNamesAndTextAround) {
    for (const std::string_view text : {"{}", "{site}", "{claim}", "{claim.}", "{User}", "x{user}",
                                        "{user}{user}", "{{user}}", "{user", "user}", "{"}) {
        EXPECT_FALSE(Placeholder::parse(text).ok()) << text;
    }
}

TEST(Placeholder, HasNoValueWhereItCouldBeMoreThanOneLevel) {
    const struct {
        std::string claim, value;
    } cases[] = {
        {"north", "north"},
        {"n 1.x-y", "n 1.x-y"},
        {"\xC3\xA4\xC3\x85", "\xC3\xA4\xC3\x85"},
        {"", ""},
        {"a/b", ""},
        {"+", ""},
        {"#", ""},
        {"a#", ""},
        {std::string("a\0b", 3), ""},
        {"a\nb", ""},
        {"\x7F", ""},
        {"a\xC2\x9F", ""},
        {"\xC2\xA0", "\xC2\xA0"},
    };
    const Placeholder site{Placeholder::Source::Claim, "site"};
    for (const auto& c : cases) {
        Identity who;
        who.claims["site"] = c.claim;
        EXPECT_EQ(site.value(who), c.value) << c.claim;
    }
    EXPECT_EQ(site.value(Identity()), "");
}

}  // namespace
}  // namespace rtbridge
