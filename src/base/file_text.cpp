#include "base/file_text.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace rtbridge {
namespace {

Failure<std::string> cannot_read() {
    return Failure{"cannot read the file: " + why_not_opened()};
}

}  // namespace

std::string why_not_opened() {
    const int error = errno;
    std::string why = std::generic_category().message(error);
    if (error != EACCES) return why;
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> names{};
    const uid_t user = ::geteuid();
    const int trouble = ::getpwuid_r(user, &entry, names.data(), names.size(), &found);
    const bool named = trouble == 0 && found != nullptr;
    return why + " for user " + (named ? entry.pw_name : std::to_string(user).c_str());
}

bool read_to_end(const FileDescriptor& file, std::size_t bytes_max, std::string& text) {
    text.resize(bytes_max + 1);
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    text.resize(size);
    return true;
}

Result<FileText, std::string> read_file_text(const std::string& path, std::size_t bytes_max,
                                             std::string_view too_large) {
    // O_NONBLOCK: opening a FIFO would wait for a writer.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) return cannot_read();
    if (S_ISDIR(status.st_mode)) {
        return Failure{std::string("this is a directory; name a file in it")};
    }
    if (!S_ISREG(status.st_mode)) return Failure{std::string("this is not a regular file")};

    FileText result;
    result.readable_by_others = (status.st_mode & S_IROTH) != 0;
    std::string& text = result.text;
    if (!read_to_end(file, bytes_max, text)) return cannot_read();
    if (text.size() > bytes_max) return Failure{std::string(too_large)};
    return result;
}

}  // namespace rtbridge
