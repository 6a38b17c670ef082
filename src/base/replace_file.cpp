#include "base/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "base/file_descriptor.h"

namespace rtbridge {
namespace {

std::string errno_text(std::string_view what) {
    return std::string(what) + ": " + std::generic_category().message(errno);
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// Gives the new file at `fd` what the old one has. Whether it could.
bool take_over(int fd, const struct stat& old) {
    struct stat fresh {};
    if (::fstat(fd, &fresh) != 0) return false;
    const bool same_owner = fresh.st_uid == old.st_uid && fresh.st_gid == old.st_gid;
    if (!same_owner && ::fchown(fd, old.st_uid, old.st_gid) != 0) return false;
    return ::fchmod(fd, old.st_mode & 07777U) == 0;
}

std::string write_and_rename(int fd, const std::string& temporary, const std::string& path,
                             std::string_view text) {
    struct stat old {};
    if (::stat(path.c_str(), &old) == 0) {
        if (!S_ISREG(old.st_mode)) return "this is not a regular file";
        if (!take_over(fd, old)) return errno_text("cannot keep mode and owner of the file");
    } else if (errno != ENOENT) {
        return errno_text("cannot look at the file");
    }
    if (!write_all(fd, text) || ::fsync(fd) != 0) return errno_text("cannot write the file");
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
        return errno_text("cannot replace the file");
    }
    return {};
}

}  // namespace

std::string replace_file(const std::string& path, std::string_view text) {
    // What a symbolic link points at is replaced, not the link.
    std::error_code error;
    const std::filesystem::path resolved = std::filesystem::weakly_canonical(path, error);
    const std::string target = error ? path : resolved.string();
    std::string temporary = target + ".XXXXXX";
    const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
    if (!file.valid()) return errno_text("cannot write next to the file");
    std::string wrong = write_and_rename(file.get(), temporary, target, text);
    if (!wrong.empty()) ::unlink(temporary.c_str());
    return wrong;
}

}  // namespace rtbridge
