#include "config/diagnostic.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace rtbridge {
namespace {

TEST(Diagnostics, AreSortedByPlaceWithinEachFile) {
    Diagnostics diagnostics;
    diagnostics.error({"main.toml", 9, 1}, "later");
    diagnostics.error({"rules.toml", 1, 1}, "other file");
    diagnostics.warning({"main.toml", 2, 5}, "second");
    diagnostics.error({"main.toml", 2, 1}, "first");

    std::vector<std::string> messages;
    for (const Diagnostic& diagnostic : diagnostics.sorted())
        messages.push_back(diagnostic.message);

    EXPECT_EQ(messages, (std::vector<std::string>{"first", "second", "later", "other file"}));
    EXPECT_TRUE(diagnostics.has_errors());
}

TEST(Diagnostics, AWarningIsNoError) {
    Diagnostics diagnostics;
    diagnostics.warning({"main.toml", 1, 1}, "doubtful");

    EXPECT_FALSE(diagnostics.has_errors());
    EXPECT_EQ(to_line(diagnostics.sorted().front()), "main.toml:1:1: warning: doubtful");
}

TEST(Diagnostics, OfAWholeFileHaveNoLine) {
    EXPECT_EQ(to_line({Severity::Error, {"main.toml", 0, 0}, "cannot read"}),
              "main.toml: error: cannot read");
}

TEST(Diagnostics, ShowTheSourceLineAndPointAtTheColumn) {
    const std::string path = testing::TempDir() + "diagnostic_" + std::to_string(getpid());
    std::ofstream(path) << "version = 1\n\tbnid = \"x\x1b\"\n" << std::string(2000, '#') << "\n";

    EXPECT_EQ(to_text({Severity::Error, {path, 2, 2}, "unknown key"}),
              path + ":2:2: error: unknown key\n    \tbnid = \"x\\x1b\"\n    \t^\n");
    EXPECT_EQ(to_text({Severity::Error, {path, 3, 1}, "endless"}), path + ":3:1: error: endless\n");

    std::remove(path.c_str());
}

}  // namespace
}  // namespace rtbridge
