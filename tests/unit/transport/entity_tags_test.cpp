#include "transport/entity_tags.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(EntityTags, FindsATagInAList) {
    for (const char* list : {"\"a\"", "W/\"a\"", "\"b\", \"a\"", "\"b\",W/\"a\",\"c\"", " \"a\" ",
                             ", ,\"a\"", "*", " * ", "\"x,y\", \"a\""}) {
        EXPECT_TRUE(lists_entity_tag(list, "\"a\"")) << list;
    }
}

TEST(EntityTags, FindsNoneWhereItIsNot) {
    for (const char* list : {"", "a", "\"b\"", "\"A\"", "\"a", "a\"", "\"b\" \"", "w/\"a\"", "**",
                             "*, \"b\"", "\"\"", "W/a", "\"b, \"a"}) {
        EXPECT_FALSE(lists_entity_tag(list, "\"a\"")) << list;
    }
}

}  // namespace
}  // namespace rtbridge
