#include "transport/file_type.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

TEST(FileType, IsKnownByTheEndOfTheName) {
    EXPECT_EQ(content_type_of_file("index.html"), "text/html; charset=utf-8");
    EXPECT_EQ(content_type_of_file("a/B.CSS"), "text/css; charset=utf-8");
    EXPECT_EQ(content_type_of_file("app.min.js"), "text/javascript; charset=utf-8");
    EXPECT_EQ(content_type_of_file("m.mjs"), "text/javascript; charset=utf-8");
    EXPECT_EQ(content_type_of_file("d.json"), "application/json");
    EXPECT_EQ(content_type_of_file("x.wasm"), "application/wasm");
    EXPECT_EQ(content_type_of_file("x.svg"), "image/svg+xml");
}

TEST(FileType, WhatIsNotKnownIsBytes) {
    for (const char* name : {"README", "a.exe", "a.html/README", "a.", "html"}) {
        EXPECT_EQ(content_type_of_file(name), "application/octet-stream") << name;
    }
}

}  // namespace
}  // namespace rtbridge
