#include "transport/www_path.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

using std::string_literals::operator""s;

TEST(WwwPath, NamesFilesAndDirectories) {
    EXPECT_EQ(read_www_path("/"), (WwwPath{".", true}));
    EXPECT_EQ(read_www_path("/a.html"), (WwwPath{"a.html", false}));
    EXPECT_EQ(read_www_path("/a/b c/ü.png"), (WwwPath{"a/b c/ü.png", false}));
    EXPECT_EQ(read_www_path("/a/"), (WwwPath{"a", true}));
    EXPECT_EQ(read_www_path("/a..b/c."), (WwwPath{"a..b/c.", false}));
}

TEST(WwwPath, WhatCouldLeadElsewhereOrIsHiddenNamesNothing) {
    for (const std::string& path : {""s,
                                    "a"s,
                                    "*"s,
                                    "//"s,
                                    "//host"s,
                                    "/a//b"s,
                                    "/a//"s,
                                    "/."s,
                                    "/.."s,
                                    "/../a"s,
                                    "/a/.."s,
                                    "/a/../b"s,
                                    "/a/./b"s,
                                    "/.git/config"s,
                                    "/a/.htpasswd"s,
                                    "/.well-known/x"s,
                                    "/a\\b"s,
                                    "/..\\a"s,
                                    "/a\0b"s,
                                    "/a.html\0.png"s,
                                    "/a\nb"s,
                                    "/a\x7f"s,
                                    "/\xff"s,
                                    "/\xc0\xae"s,
                                    "/\xed\xa0\x80"s}) {
        EXPECT_EQ(read_www_path(path), std::nullopt) << path;
    }
}

TEST(WwwPath, AsUrlNeverNamesAnotherHostOrBreaksAHeader) {
    EXPECT_EQ(url_path_of("a/b c"), "/a/b%20c");
    EXPECT_EQ(url_path_of("ü?#%&"), "/%C3%BC%3F%23%25%26");
    EXPECT_EQ(url_path_of("\\host"), "/%5Chost");
    EXPECT_EQ(url_path_of("a\r\nb"), "/a%0D%0Ab");
    EXPECT_EQ(url_encoded("a/b=c&d"), "a%2Fb%3Dc%26d");
}

}  // namespace
}  // namespace rtbridge
