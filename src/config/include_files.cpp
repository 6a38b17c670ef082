#include "config/include_files.h"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::size_t files_max = 1000;
constexpr std::string_view wildcards = "*?[";

std::string folder_prefix(const std::string& file) {
    const std::size_t slash = file.rfind('/');
    return slash == std::string::npos ? std::string() : file.substr(0, slash + 1);
}

// glob() would take a '[' in the name of the folder for a wildcard.
std::string escape_wildcards(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || wildcards.find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
    return out;
}

// A folder that is not there holds no files; one that cannot be read may hold some that are missed.
int stop_at_unreadable_folder(const char* /*path*/, int error) {
    return error == ENOENT || error == ENOTDIR ? 0 : 1;
}

class Glob {
public:
    explicit Glob(const std::string& pattern)
        : status_(::glob(pattern.c_str(), GLOB_NOSORT, stop_at_unreadable_folder, &glob_)) {}
    ~Glob() { ::globfree(&glob_); }
    Glob(const Glob&) = delete;
    Glob& operator=(const Glob&) = delete;

    // Nothing where a folder could not be read.
    [[nodiscard]] std::optional<std::vector<std::string>> files() const {
        if (status_ != 0 && status_ != GLOB_NOMATCH) return std::nullopt;
        std::vector<std::string> files(glob_.gl_pathv, glob_.gl_pathv + glob_.gl_pathc);
        std::sort(files.begin(), files.end());
        return files;
    }

private:
    glob_t glob_{};
    const int status_;
};

std::vector<std::string> expand(const Placed<std::string>& pattern, const std::string& folder,
                                Diagnostics& diagnostics) {
    const std::string& text = pattern.value;
    if (text.empty() || text.find('\0') != std::string::npos) {
        diagnostics.error(pattern.place, "include " + in_quotes(text) +
                                             " is not a file name; write one like "
                                             "\"rules.d/*.toml\"");
        return {};
    }
    const std::string prefix = text.front() == '/' ? std::string() : folder;
    if (text.find_first_of(wildcards) == std::string::npos) {
        std::error_code error;
        if (std::filesystem::exists(prefix + text, error)) return {prefix + text};
        const std::string reason = error ? error.message() : std::string("there is no such file");
        diagnostics.error(pattern.place,
                          "cannot include " + in_quotes(prefix + text) + ": " + reason);
        return {};
    }
    const Glob glob(escape_wildcards(prefix) + text);
    std::optional<std::vector<std::string>> files = glob.files();
    if (!files) {
        diagnostics.error(pattern.place, "cannot include " + in_quotes(prefix + text) +
                                             ": a folder of it cannot be read");
        return {};
    }
    return std::move(*files);
}

// What is the same for all names of a file.
std::string identity(const std::string& path) {
    std::error_code error;
    const std::filesystem::path canonical = std::filesystem::weakly_canonical(path, error);
    return error ? path : canonical.string();
}

}  // namespace

std::vector<std::string> find_include_files(const std::vector<Placed<std::string>>& patterns,
                                            const std::string& including_file,
                                            Diagnostics& diagnostics) {
    const std::string folder = folder_prefix(including_file);
    std::set<std::string> seen = {identity(including_file)};
    std::vector<std::string> files;
    for (const Placed<std::string>& pattern : patterns) {
        for (std::string& file : expand(pattern, folder, diagnostics)) {
            if (!seen.insert(identity(file)).second) continue;
            if (files.size() == files_max) {
                diagnostics.error(pattern.place, "more than 1000 included files; join some");
                return files;
            }
            files.push_back(std::move(file));
        }
    }
    return files;
}

}  // namespace rtbridge
