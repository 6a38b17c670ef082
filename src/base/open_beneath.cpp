#include "base/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace rtbridge {

Result<FileDescriptor, int> open_step_by_step(int directory, const std::string& name, int flags) {
    FileDescriptor reached;
    int at = directory;
    std::size_t begin = 0;
    for (;;) {
        const std::size_t slash = name.find('/', begin);
        const std::string step = name.substr(begin, slash - begin);
        const bool last = slash == std::string::npos;
        const int step_flags = last ? flags : O_PATH | O_DIRECTORY;
        FileDescriptor next(::openat(at, step.c_str(), step_flags | O_NOFOLLOW | O_CLOEXEC));
        if (!next.valid()) return Failure{errno};
        if (last) return next;
        reached = std::move(next);
        at = reached.get();
        begin = slash + 1;
    }
}

Result<FileDescriptor, int> open_beneath(int directory, const std::string& name, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_NOFOLLOW | O_CLOEXEC));
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const long opened = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof(how));
    if (opened >= 0) return FileDescriptor(static_cast<int>(opened));
    // Older container runtimes answer EPERM for what they don't know.
    if (errno == ENOSYS || errno == EPERM) return open_step_by_step(directory, name, flags);
    return Failure{errno};
}

}  // namespace rtbridge
