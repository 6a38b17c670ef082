#include "ctl/file_access.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::size_t groups_max = 1024;

// `read` and `enter` are bits as of "others": 4 and 1.
bool may(const struct stat& status, const SystemUser& user, mode_t bits) {
    if (user.id == 0) return true;
    if (status.st_uid == user.id) return ((status.st_mode >> 6U) & bits) == bits;
    const bool in_group =
        std::find(user.groups.begin(), user.groups.end(), status.st_gid) != user.groups.end();
    return ((in_group ? status.st_mode >> 3U : status.st_mode) & bits) == bits;
}

}  // namespace

std::optional<SystemUser> find_user(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> names{};
    if (::getpwnam_r(name.c_str(), &entry, names.data(), names.size(), &found) != 0 ||
        found == nullptr) {
        return std::nullopt;
    }
    SystemUser user{name, entry.pw_uid, std::vector<gid_t>(groups_max)};
    int count = static_cast<int>(groups_max);
    if (::getgrouplist(name.c_str(), entry.pw_gid, user.groups.data(), &count) < 0) {
        count = static_cast<int>(groups_max);  // more than that: those that fit
    }
    user.groups.resize(static_cast<std::size_t>(count));
    return user;
}

std::string why_unreadable(const std::string& path, const SystemUser& user) {
    std::error_code problem;
    const std::filesystem::path real = std::filesystem::canonical(path, problem);
    if (problem) return problem.message();
    for (std::filesystem::path folder = real.parent_path();; folder = folder.parent_path()) {
        struct stat status {};
        if (::stat(folder.c_str(), &status) != 0) return std::generic_category().message(errno);
        if (!may(status, user, 1)) {
            return "user " + user.name + " may not enter the directory " +
                   in_quotes(folder.string());
        }
        if (folder == folder.root_path()) break;
    }
    struct stat status {};
    if (::stat(real.c_str(), &status) != 0) return std::generic_category().message(errno);
    if (!may(status, user, S_ISDIR(status.st_mode) ? 5 : 4)) {
        return "user " + user.name + " may not read it";
    }
    return {};
}

bool readable_by_others(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace rtbridge
