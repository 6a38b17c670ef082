#include "config/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/bytes.h"

namespace rtbridge {
namespace {

constexpr std::size_t file_bytes_max = 1 * MiB;

class FileDescriptor {
public:
    explicit FileDescriptor(int fd) : fd_(fd) {}
    ~FileDescriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    [[nodiscard]] int get() const { return fd_; }

private:
    const int fd_;
};

std::string errno_text() {
    return std::generic_category().message(errno);
}

}  // namespace

std::optional<std::string> read_config_file(const std::string& path, Diagnostics& diagnostics) {
    const SourcePlace whole_file{path, 0, 0};
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        diagnostics.error(whole_file, "cannot read the file: " + errno_text());
        return std::nullopt;
    }
    if (!S_ISREG(status.st_mode)) {
        diagnostics.error(whole_file, S_ISDIR(status.st_mode)
                                          ? "this is a directory; name a file in it"
                                          : "this is not a regular file");
        return std::nullopt;
    }
    std::string text(file_bytes_max + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            diagnostics.error(whole_file, "cannot read the file: " + errno_text());
            return std::nullopt;
        }
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > file_bytes_max) {
        diagnostics.error(whole_file, "the file is larger than 1MiB; split it by include");
        return std::nullopt;
    }
    text.resize(size);
    return text;
}

}  // namespace rtbridge
