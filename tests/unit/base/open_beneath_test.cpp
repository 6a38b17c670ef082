#include "base/open_beneath.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "access/private_folder.h"

namespace rtbridge {
namespace {

namespace fs = std::filesystem;

// Both ways have to agree.
constexpr std::array<decltype(&open_beneath), 2> ways = {open_beneath, open_step_by_step};

class OpenBeneath : public testing::Test {
protected:
    OpenBeneath() {
        fs::create_directories(folder.path("root/a/b"));
        folder.write("root/a/b/file", "text");
        folder.write("outside", "secret");
        root = FileDescriptor(::open(folder.path("root").c_str(), O_PATH | O_DIRECTORY));
    }

    PrivateFolder folder;
    FileDescriptor root;
};

TEST_F(OpenBeneath, OpensFilesAndDirectories) {
    for (const auto open : ways) {
        const auto file = open(root.get(), "a/b/file", O_RDONLY);
        ASSERT_TRUE(file.ok());
        std::array<char, 8> text{};
        EXPECT_EQ(::read(file.value().get(), text.data(), text.size()), 4);
        EXPECT_TRUE(open(root.get(), ".", O_PATH).ok());
        EXPECT_TRUE(open(root.get(), "a", O_PATH).ok());
        EXPECT_EQ(::fcntl(file.value().get(), F_GETFD), FD_CLOEXEC);
    }
}

TEST_F(OpenBeneath, SaysWhatIsNotThere) {
    for (const auto open : ways) {
        EXPECT_EQ(open(root.get(), "a/c", O_RDONLY).error(), ENOENT);
        EXPECT_EQ(open(root.get(), "a/b/file/more", O_RDONLY).error(), ENOTDIR);
        EXPECT_EQ(open(root.get(), std::string(300, 'x'), O_RDONLY).error(), ENAMETOOLONG);
    }
}

TEST_F(OpenBeneath, FollowsNoLinkWhereverItLeads) {
    fs::create_symlink("../outside", folder.path("root/out"));
    fs::create_symlink("a/b/file", folder.path("root/in"));
    fs::create_symlink("b", folder.path("root/a/folder"));
    fs::create_symlink("/proc/self", folder.path("root/proc"));
    for (const auto open : ways) {
        for (const char* name : {"out", "in"}) {
            EXPECT_EQ(open(root.get(), name, O_RDONLY).error(), ELOOP) << name;
        }
        for (const char* name : {"a/folder/file", "proc/cmdline"}) {
            const auto opened = open(root.get(), name, O_RDONLY);
            ASSERT_FALSE(opened.ok()) << name;
            EXPECT_TRUE(opened.error() == ELOOP || opened.error() == ENOTDIR) << name;
        }
    }
}

TEST_F(OpenBeneath, NeverLeavesTheDirectory) {
    EXPECT_EQ(open_beneath(root.get(), "../outside", O_RDONLY).error(), EXDEV);
    EXPECT_EQ(open_beneath(root.get(), "a/../../outside", O_RDONLY).error(), EXDEV);
    EXPECT_EQ(open_beneath(root.get(), folder.path("outside"), O_RDONLY).error(), EXDEV);
}

TEST_F(OpenBeneath, ALinkCanBeSeenButOnlyAsALink) {
    fs::create_symlink("../outside", folder.path("root/out"));
    for (const auto open : ways) {
        const auto link = open(root.get(), "out", O_PATH);
        if (!link.ok()) continue;
        struct stat status {};
        ASSERT_EQ(::fstat(link.value().get(), &status), 0);
        EXPECT_TRUE(S_ISLNK(status.st_mode));
    }
}

}  // namespace
}  // namespace rtbridge
