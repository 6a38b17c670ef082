#include "transport/page_cursor.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(PageCursor, ComesBackAsItWasGiven) {
    for (const ValueStore::Position& position : {ValueStore::Position{"a/\"b\"", "userId", "ä", 0},
                                                 ValueStore::Position{"a", "", "", 3}}) {
        EXPECT_EQ(from_cursor(to_cursor(position)), position);
    }
}

TEST(PageCursor, RefusesWhatItNeverGave) {
    for (const char* text : {"", "a", "{}", "[]", R"(["a","",""])", R"(["a","","",-1])",
                             R"(["a","","",1.5])", R"(["a","","","0"])",
                             R"(["a","","",4294967296])", R"([1,"","",0])", R"(["a","","",0,0])"}) {
        EXPECT_FALSE(from_cursor(text)) << text;
    }
}

}  // namespace
}  // namespace rtbridge
