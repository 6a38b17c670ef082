#include "dashboard/dashboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <string_view>

namespace rtbridge {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

const Asset* asset(std::string_view path) {
    const auto assets = dashboard_assets();
    const auto found =
        std::find_if(assets.begin(), assets.end(), [&](const Asset& a) { return a.path == path; });
    return found == assets.end() ? nullptr : &*found;
}

std::string body(std::string_view path) {
    const Asset* found = asset(path);
    return found == nullptr ? std::string() : std::string(found->body);
}

TEST(Dashboard, ServesThePageAndTheLibraryEachFileWithItsType) {
    const struct {
        std::string_view path, content_type, contains;
    } cases[] = {
        {"/", "text/html; charset=utf-8", "</html>"},
        {"/dashboard.css", "text/css; charset=utf-8", "prefers-color-scheme: dark"},
        {"/dashboard.js", "text/javascript; charset=utf-8", "connection.connect();"},
        {"/rtbridge.js", "text/javascript; charset=utf-8", "export function connect("},
        {"/rtbridge.d.ts", "text/plain; charset=utf-8", "export function connect("},
    };
    for (const auto& c : cases) {
        const Asset* found = asset(c.path);
        ASSERT_NE(found, nullptr) << c.path;
        EXPECT_EQ(found->content_type, c.content_type) << c.path;
        EXPECT_NE(found->body.find(c.contains), std::string_view::npos) << c.path;
    }
    EXPECT_EQ(dashboard_assets().size(), std::size(cases));
}

TEST(Dashboard, KeepsBytesBeyondAsciiAsTheyAre) {
    EXPECT_THAT(body("/"), HasSubstr("rtbridge · live"));
    EXPECT_THAT(body("/dashboard.js"), HasSubstr("const none = '–';"));
}

TEST(Dashboard, ServesTheLibraryWithoutItsComments) {
    const std::string library = body("/rtbridge.js");

    EXPECT_THAT(library, Not(HasSubstr("// ")));
    EXPECT_THAT(library, Not(HasSubstr("\n ")));
    EXPECT_THAT(body("/dashboard.js"), HasSubstr("// "));
}

TEST(Dashboard, HasAQuotedEtagPerAssetAndNoTwoAlike) {
    std::set<std::string_view> etags;
    for (const Asset& a : dashboard_assets()) {
        EXPECT_THAT(std::string(a.etag), MatchesRegex("\"[0-9a-f]+\"")) << a.path;
        EXPECT_TRUE(etags.insert(a.etag).second) << a.path;
    }
}

TEST(Dashboard, RefersToNoOtherHost) {
    for (const Asset& a : dashboard_assets()) {
        for (const char* foreign : {"http://", "https://", "url(", "@import", "src=\"//"}) {
            EXPECT_THAT(std::string(a.body), Not(HasSubstr(foreign))) << a.path;
        }
    }
}

TEST(Dashboard, RefersOnlyToAssetsThatAreServed) {
    const std::string page = body("/");
    const std::regex reference("(?:src|href)=\"([^\"]*)\"");
    int references = 0;
    for (std::sregex_iterator match(page.begin(), page.end(), reference), end; match != end;
         ++match) {
        const std::string target = (*match)[1];
        if (target.starts_with("data:")) continue;
        EXPECT_NE(asset("/" + target), nullptr) << target;
        ++references;
    }
    EXPECT_EQ(references, 2);
}

// What a strict Content-Security-Policy forbids is not there in the first place.
TEST(Dashboard, HasNoInlineScriptStyleOrHandler) {
    const std::string page = body("/");

    EXPECT_FALSE(std::regex_search(page, std::regex("\\son[a-z]+\\s*=")));
    EXPECT_FALSE(std::regex_search(page, std::regex("\\sstyle\\s*=")));
    EXPECT_FALSE(std::regex_search(page, std::regex("<style")));
    EXPECT_FALSE(std::regex_search(page, std::regex("<script[^>]*>[^<]")));
    EXPECT_FALSE(std::regex_search(page, std::regex("javascript:")));
    EXPECT_THAT(page, HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'"));
}

TEST(Dashboard, NeverTurnsDataIntoMarkupOrCode) {
    for (const char* sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
                             "eval(", "Function(", "setAttribute('on"}) {
        EXPECT_THAT(body("/dashboard.js"), Not(HasSubstr(sink)));
    }
}

}  // namespace
}  // namespace rtbridge
