#include "transport/form_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(FormBody, IsDecodedInOrder) {
    EXPECT_THAT(read_form("a=1&b=x+y%2Bz&%C3%BC=%26%3D&empty=&alone&&=v").value(),
                ElementsAre(Pair("a", "1"), Pair("b", "x y+z"), Pair("ü", "&="), Pair("empty", ""),
                            Pair("alone", ""), Pair("", "v")));
    EXPECT_THAT(read_form("a=b=c").value(), ElementsAre(Pair("a", "b=c")));
    EXPECT_THAT(read_form("").value(), IsEmpty());
    EXPECT_THAT(read_form("&&").value(), IsEmpty());
}

TEST(FormBody, RefusesWhatNoBrowserSends) {
    for (const char* body : {"a=%", "a=%4", "a=%zz", "%=1", "a=%ff", "%c0%80=1", "a=\xff"}) {
        EXPECT_FALSE(read_form(body).ok()) << body;
    }
}

TEST(FormBody, IsAnObjectOfStrings) {
    EXPECT_EQ(form_json({{"a", "1"}, {"b\"", "x\ny"}}), R"({"a":"1","b\"":"x\ny"})");
    EXPECT_EQ(form_json({}), "{}");
}

TEST(FormBody, KnowsNamesThatStandTwice) {
    EXPECT_THAT(repeated_names({{"b", ""}, {"a", ""}, {"b", ""}, {"b", ""}, {"A", ""}}),
                ElementsAre("b"));
    EXPECT_THAT(repeated_names({{"a", ""}, {"b", ""}}), IsEmpty());
}

}  // namespace
}  // namespace rtbridge
