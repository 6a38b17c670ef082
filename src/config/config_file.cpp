#include "config/config_file.h"

#include <utility>

#include "base/bytes.h"
#include "base/file_text.h"

namespace rtbridge {
namespace {

constexpr std::size_t file_bytes_max = 1 * MiB;

}  // namespace

std::optional<std::string> read_config_file(const std::string& path, Diagnostics& diagnostics) {
    Result<FileText, std::string> file =
        read_file_text(path, file_bytes_max, "the file is larger than 1MiB; split it by include");
    if (!file.ok()) {
        diagnostics.error({path, 0, 0}, std::move(file).error());
        return std::nullopt;
    }
    return std::move(file).value().text;
}

}  // namespace rtbridge
