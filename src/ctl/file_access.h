#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

// What another user of this system may do with a file, by owner, group and mode of it and of the
// directories above. Thread: any; reads the file system.

namespace rtbridge {

struct SystemUser {
    std::string name;
    uid_t id = 0;
    std::vector<gid_t> groups;
};

// Nothing where there is no such user.
[[nodiscard]] std::optional<SystemUser> find_user(const std::string& name);

struct Unreadable {
    std::string why;     // to stand behind the path
    std::string advice;  // what to do
};

// Nothing: `user` can read it (a directory: list and enter it).
[[nodiscard]] std::optional<Unreadable> why_unreadable(const std::string& path,
                                                       const SystemUser& user);

// Whether any user of the system may; false also where it can't be looked at.
[[nodiscard]] bool readable_by_others(const std::string& path);

}  // namespace rtbridge
