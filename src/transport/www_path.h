#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rtbridge {

// What the path of a request names below the directory of listener.www.
struct WwwPath {
    std::string name;        // "a/b.css"; "." is the directory itself
    bool directory = false;  // the path ends in '/'
    friend bool operator==(const WwwPath&, const WwwPath&) = default;
};

// Nothing: it names no file that is served. Names that begin with a dot never are, nor empty ones,
// those with a backslash or control character, and what is not UTF-8. `path` is decoded, so an
// encoded '/' or dot is one. Thread: any, pure.
[[nodiscard]] std::optional<WwwPath> read_www_path(std::string_view path);

// `name` as the path of a URL, with what has a meaning there encoded: begins with one '/', and
// can't be read as the address of another host.
[[nodiscard]] std::string url_path_of(std::string_view name);
// For a name or value of a query.
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace rtbridge
