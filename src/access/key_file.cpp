#include "access/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "base/file_text.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::size_t file_bytes_max = 1 * MiB;

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
    if (!read_to_end(opened, file_bytes_max, text)) {
        return fail(std::generic_category().message(errno));
    }
    if (text.size() > file_bytes_max) return fail("it is larger than 1MiB");
    return text;
}

}  // namespace rtbridge
