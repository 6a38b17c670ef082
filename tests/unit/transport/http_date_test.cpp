#include "transport/http_date.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(HttpDate, IsWrittenInTheFixedForm) {
    EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, IsReadInAllThreeForms) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), 784'111'777);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), 784'111'777);
    EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994"), 784'975'777);
    EXPECT_EQ(parse_http_date("Friday, 01-Jan-21 00:00:00 GMT"), 1'609'459'200);
}

TEST(HttpDate, AnythingElseIsNone) {
    for (const char* text :
         {"", "now", "Sun, ", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
          "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 36 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 nov 1994 08:49:37 GMT",
          "Sun, -6 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994x", "784111777"}) {
        EXPECT_FALSE(parse_http_date(text)) << text;
    }
}

}  // namespace
}  // namespace rtbridge
