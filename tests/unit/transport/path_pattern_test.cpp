#include "transport/path_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

PathPattern pattern(std::string_view text) {
    return PathPattern::compile(text).value();
}

TEST(PathPattern, ANameIsOneSegmentThatIsNotEmpty) {
    std::vector<std::string> captures;
    const PathPattern match = pattern("/match/{id}/set/{n}");
    EXPECT_THAT(match.names(), ElementsAre("id", "n"));

    ASSERT_TRUE(match.match("/match/a b/set/ü", captures));
    EXPECT_THAT(captures, ElementsAre("a b", "ü"));
    for (const char* path : {"/match//set/1", "/match/1/set/", "/match/1/set", "/match/1/set/2/",
                             "/match/1/2/set/3", "/match/1/sets/2", "match/1/set/2", "", "/"}) {
        EXPECT_FALSE(match.match(path, captures)) << path;
    }
}

TEST(PathPattern, TextStandsForItself) {
    std::vector<std::string> captures;
    EXPECT_TRUE(pattern("/").match("/", captures));
    EXPECT_FALSE(pattern("/").match("", captures));
    EXPECT_FALSE(pattern("/").match("//", captures));
    EXPECT_TRUE(pattern("/a.b/c").match("/a.b/c", captures));
    EXPECT_FALSE(pattern("/a").match("/A", captures));
    EXPECT_FALSE(pattern("/a").match("/a/", captures));
    EXPECT_TRUE(pattern("/a/").match("/a/", captures));
    EXPECT_FALSE(pattern("/a/").match("/a", captures));
}

TEST(PathPattern, RefusesWhatNoRequestCouldMean) {
    const struct {
        const char *text, *mistake;
    } cases[] = {
        {"match", "does not begin with '/'"},
        {"/a//b", "empty segment"},
        {"/a/../b", "\"..\""},
        {"/a?b=1", "end a path"},
        {"/a#b", "end a path"},
        {"/a%20b", "not encoded"},
        {"/a{id}", "brace inside of a segment"},
        {"/{id}.json", "brace inside of a segment"},
        {"/{}", "letters, digits"},
        {"/{a b}", "letters, digits"},
        {"/{body}", "something else"},
        {"/{id}/{id}", "twice"},
        {"/a\\b", "can't have"},
        {"/a\nb", "can't have"},
        {"/\xff", "UTF-8"},
    };
    for (const auto& c : cases) {
        const auto compiled = PathPattern::compile(c.text);
        ASSERT_FALSE(compiled.ok()) << c.text;
        EXPECT_THAT(compiled.error(), HasSubstr(c.mistake)) << c.text;
    }
}

TEST(PathPattern, TextComesBeforeANameWhereTheyDifferFirst) {
    EXPECT_TRUE(pattern("/a/today").comes_before(pattern("/a/{id}")));
    EXPECT_FALSE(pattern("/a/{id}").comes_before(pattern("/a/today")));
    EXPECT_TRUE(pattern("/a/b/{x}").comes_before(pattern("/a/{x}/c")));
    EXPECT_TRUE(pattern("/{a}/b").matches_the_same(pattern("/{b}/b")));
    EXPECT_FALSE(pattern("/{a}/b").matches_the_same(pattern("/{a}/c")));
    EXPECT_FALSE(pattern("/{a}").matches_the_same(pattern("/a")));
    EXPECT_FALSE(pattern("/a").matches_the_same(pattern("/a/")));
}

TEST(PathPattern, KnowsWhetherItMayBeBelowAFolder) {
    EXPECT_TRUE(pattern("/api/match").may_be_below("/api/"));
    EXPECT_TRUE(pattern("/{a}/b/c").may_be_below("/api/"));
    EXPECT_TRUE(pattern("/a/{b}/c").may_be_below("/a/b/"));
    EXPECT_FALSE(pattern("/api").may_be_below("/api/"));
    EXPECT_FALSE(pattern("/{a}").may_be_below("/api/"));
    EXPECT_FALSE(pattern("/apis/x").may_be_below("/api/"));
}

}  // namespace
}  // namespace rtbridge
