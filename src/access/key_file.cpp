#include "access/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "base/file_text.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::size_t file_bytes_max = 1 * MiB;

// Why it could not be read, or an empty text.
std::string read_into(std::string& text, const FileDescriptor& file) {
    text.resize(file_bytes_max + 1);
    std::size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::generic_category().message(errno);
        if (got == 0) break;
        size += static_cast<std::size_t>(got);
    }
    if (size > file_bytes_max) return "it is larger than 1MiB";
    text.resize(size);
    return {};
}

}  // namespace

std::optional<std::string> read_key_file(const Placed<std::string>& file, const std::string& key,
                                         KeyFileKind kind, Diagnostics& diagnostics) {
    const auto fail = [&](const std::string& why) {
        diagnostics.error(file.place,
                          "cannot read " + key + " " + in_quotes(file.value) + ": " + why);
        return std::nullopt;
    };
    // Not blocking: a FIFO would stop the broker until somebody writes to it.
    const FileDescriptor opened(::open(file.value.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!opened.valid() || ::fstat(opened.get(), &status) != 0) {
        return fail(why_not_opened());
    }
    if (!S_ISREG(status.st_mode)) return fail("it is not a regular file");
    if (kind == KeyFileKind::Secret && (status.st_mode & S_IRWXO) != 0) {
        diagnostics.warning(file.place, "everyone on this machine may read " +
                                            in_quotes(file.value) + "; chmod o= it");
    }
    std::string text;
    if (const std::string why = read_into(text, opened); !why.empty()) return fail(why);
    return text;
}

}  // namespace rtbridge
