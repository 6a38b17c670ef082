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

std::optional<Unreadable> why_unreadable(const std::string& path, const SystemUser& user) {
    const auto cannot_look = [](const std::error_code& problem) {
        return Unreadable{problem.message(), problem == std::errc::no_such_file_or_directory
                                                 ? "create it, or correct its name"
                                                 : "ask again as root"};
    };
    std::error_code problem;
    const std::filesystem::path real = std::filesystem::canonical(path, problem);
    if (problem) return cannot_look(problem);
    for (std::filesystem::path folder = real.parent_path();; folder = folder.parent_path()) {
        struct stat status {};
        if (::stat(folder.c_str(), &status) != 0)
            return cannot_look({errno, std::generic_category()});
        if (!may(status, user, 1)) {
            const std::string name = folder.string();
            return Unreadable{
                "user " + user.name + " may not enter the directory " + in_quotes(name),
                "let it in, as by chmod o+x " + name + ", or move the file"};
        }
        if (folder == folder.root_path()) break;
    }
    struct stat status {};
    if (::stat(real.c_str(), &status) != 0) return cannot_look({errno, std::generic_category()});
    if (may(status, user, S_ISDIR(status.st_mode) ? 5 : 4)) return std::nullopt;
    return Unreadable{
        "user " + user.name + " may not read it",
        S_ISDIR(status.st_mode) ? "chmod o+rx " + path : "chown " + user.name + " " + path};
}

bool readable_by_others(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace rtbridge
