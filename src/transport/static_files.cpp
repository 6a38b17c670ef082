#include "transport/static_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/open_beneath.h"
#include "transport/byte_range.h"
#include "transport/entity_tags.h"
#include "transport/file_stream.h"
#include "transport/file_type.h"
#include "transport/http_date.h"
#include "transport/www_path.h"

namespace rtbridge {
namespace {

struct FileFacts {
    enum class Kind { Regular, Directory, Other };

    Kind kind = Kind::Other;
    std::uint64_t bytes = 0;
    timespec modified{};
    std::uint64_t inode = 0;
};

FileFacts facts_of(const FileDescriptor& file) {
    struct stat status {};
    if (fstat(file.get(), &status) != 0) return {};
    FileFacts facts{FileFacts::Kind::Other, static_cast<std::uint64_t>(status.st_size),
                    status.st_mtim, status.st_ino};
    if (S_ISREG(status.st_mode)) facts.kind = FileFacts::Kind::Regular;
    if (S_ISDIR(status.st_mode)) facts.kind = FileFacts::Kind::Directory;
    return facts;
}

struct FoundFile {
    FileDescriptor descriptor;
    FileFacts facts;
    std::string name;
};
struct DirectoryWithoutSlash {};
// Or the errno that says why there is nothing.
using Found = std::variant<FoundFile, DirectoryWithoutSlash, int>;

// O_PATH looks without opening: what a device does when it is opened must not happen.
Result<FileFacts, int> look_at(const FileDescriptor& root, const std::string& name) {
    const auto seen = open_beneath(root.get(), name, O_PATH);
    if (!seen.ok()) return Failure{seen.error()};
    return facts_of(seen.value());
}

Found open_file(const FileDescriptor& root, std::string name) {
    // Something else may have come to its place since it was looked at: a FIFO would block.
    auto opened = open_beneath(root.get(), name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!opened.ok()) return opened.error();
    FoundFile file{std::move(opened).value(), {}, std::move(name)};
    file.facts = facts_of(file.descriptor);
    if (file.facts.kind != FileFacts::Kind::Regular) return ENOENT;
    return file;
}

Found find_file(const std::string& www, const WwwPath& path) {
    const FileDescriptor root(::open(www.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return errno;
    const auto seen = look_at(root, path.name);
    if (!seen.ok()) return seen.error();
    if (seen.value().kind == FileFacts::Kind::Regular && !path.directory) {
        return open_file(root, path.name);
    }
    if (seen.value().kind != FileFacts::Kind::Directory) return ENOENT;

    std::string index = path.name == "." ? "" : path.name + '/';
    index += "index.html";
    const auto index_seen = look_at(root, index);
    if (!index_seen.ok()) return index_seen.error();
    if (index_seen.value().kind != FileFacts::Kind::Regular) return ENOENT;
    if (!path.directory) return DirectoryWithoutSlash{};
    return open_file(root, std::move(index));
}

std::string in_hex(std::uint64_t number) {
    std::array<char, 16> digits{};
    const auto result = std::to_chars(digits.begin(), digits.end(), number, 16);
    return {digits.data(), result.ptr};
}

// Strong (RFC 9110, 8.8.3): no two contents of a file have the same, unless one replaces the other
// in its place, with the same length, within one tick of the file system's clock.
std::string entity_tag(const FileFacts& facts) {
    constexpr std::uint64_t ns_per_s = 1'000'000'000;
    const std::uint64_t modified_ns = static_cast<std::uint64_t>(facts.modified.tv_sec) * ns_per_s +
                                      static_cast<std::uint64_t>(facts.modified.tv_nsec);
    return '"' + in_hex(facts.bytes) + '-' + in_hex(modified_ns) + '-' + in_hex(facts.inode) + '"';
}

// The browser has it (RFC 9110, 13.2.2).
bool not_modified(const HttpRequest& request, const std::string& tag, std::int64_t modified_s) {
    if (request.if_none_match) return lists_entity_tag(*request.if_none_match, tag);
    if (!request.if_modified_since) return false;
    const auto since = parse_http_date(*request.if_modified_since);
    return since && modified_s <= *since;
}

// A part only of what it knows (RFC 9110, 13.1.5).
bool part_fits(const HttpRequest& request, const std::string& tag, const std::string& modified) {
    return !request.if_range || *request.if_range == tag || *request.if_range == modified;
}

// Exactly the bytes of `part`. Nothing: the file became shorter, or can't be read.
std::optional<std::string> read_part(const FileDescriptor& file, ByteRange part) {
    std::string bytes(static_cast<std::size_t>(part.end - part.begin), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t read = ::pread(file.get(), bytes.data() + done, bytes.size() - done,
                                     static_cast<off_t>(part.begin + done));
        if (read < 0 && errno == EINTR) continue;
        if (read <= 0) return std::nullopt;
        done += static_cast<std::size_t>(read);
    }
    return bytes;
}

HttpReply unavailable(std::string_view message) {
    HttpReply reply = HttpReply::error(503, "unavailable", message);
    reply.headers.emplace_back("Retry-After", "1");
    return reply;
}

FileAnswer send_part(const HttpRequest& request, const ApiContext& context, FileDescriptor file,
                     ByteRange part, HttpReply reply) {
    reply.body_bytes = part.end - part.begin;
    if (request.method == HttpMethod::Head) return reply;
    if (*reply.body_bytes <= FileStream::piece_bytes) {
        auto bytes = read_part(file, part);
        if (!bytes) return unavailable("the file is being changed");
        reply.body = *std::move(bytes);
        return reply;
    }
    auto place = context.file_streams.take();
    if (!place) {
        context.metrics.hit(Limit::Files);
        return unavailable("too many files are being sent (limit files)");
    }
    return std::make_shared<FileStream>(std::move(file), part, std::move(reply), *std::move(place));
}

FileAnswer answer_found(const HttpRequest& request, const ApiContext& context, FoundFile found) {
    const std::string tag = entity_tag(found.facts);
    const std::string modified = http_date(found.facts.modified.tv_sec);
    HttpReply reply;
    reply.page = HttpReply::Page::Operators;
    reply.content_type = content_type_of_file(found.name);
    reply.headers = {{"ETag", tag},
                     {"Last-Modified", modified},
                     {"Cache-Control", "no-cache"},
                     {"Accept-Ranges", "bytes"}};
    if (not_modified(request, tag, found.facts.modified.tv_sec)) {
        reply.status = 304;
        return reply;
    }
    ByteRange part{0, found.facts.bytes};
    const bool wants_part = request.method == HttpMethod::Get && request.range;
    if (wants_part && part_fits(request, tag, modified)) {
        const auto wanted = read_range(*request.range, found.facts.bytes);
        const std::string of_all = '/' + std::to_string(found.facts.bytes);
        if (std::holds_alternative<UnsatisfiableRange>(wanted)) {
            HttpReply refusal = HttpReply::error(416, "bad_range", "the file ends before that");
            refusal.headers.emplace_back("Content-Range", "bytes *" + of_all);
            return refusal;
        }
        if (const auto* const range = std::get_if<ByteRange>(&wanted)) {
            part = *range;
            reply.status = 206;
            reply.headers.emplace_back("Content-Range", "bytes " + std::to_string(part.begin) +
                                                            '-' + std::to_string(part.end - 1) +
                                                            of_all);
        }
    }
    return send_part(request, context, std::move(found.descriptor), part, std::move(reply));
}

// Relative names in a page are relative to what ends in '/'.
HttpReply redirect_to_directory(const HttpRequest& request, const WwwPath& path) {
    HttpReply reply;
    reply.status = 301;
    reply.page = HttpReply::Page::Operators;
    std::string location = url_path_of(path.name) + '/';
    char separator = '?';
    for (const auto& [name, value] : request.query) {
        location += std::exchange(separator, '&') + url_encoded(name);
        if (!value.empty()) location += '=' + url_encoded(value);
    }
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = location;
    reply.headers.emplace_back("Location", std::move(location));
    return reply;
}

std::optional<HttpReply> answer_failure(int error) {
    switch (error) {
        case EACCES:
            return HttpReply::error(403, "forbidden", "the broker's user may not read this file");
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case EIO:
            return unavailable("the file can't be read now");
        default:
            return std::nullopt;
    }
}

std::optional<FileAnswer> answer_path(const HttpRequest& request, const ApiContext& context,
                                      const std::string& path) {
    const std::optional<WwwPath> wanted = read_www_path(path);
    if (!wanted) return std::nullopt;
    Found found = find_file(context.config.listener.www.value, *wanted);
    if (auto* const file = std::get_if<FoundFile>(&found)) {
        return answer_found(request, context, std::move(*file));
    }
    if (std::holds_alternative<DirectoryWithoutSlash>(found)) {
        return redirect_to_directory(request, *wanted);
    }
    if (auto failure = answer_failure(std::get<int>(found))) return *std::move(failure);
    return std::nullopt;
}

// libwebsockets reads a path as it reads a query: of '+' it makes a blank, of '&' and ';' the end
// of a text (an encoded NUL it refuses).
std::vector<std::string> possible_paths(const std::string& path) {
    const auto with = [](std::string text, char from, char to) {
        std::replace(text.begin(), text.end(), from, to);
        return text;
    };
    std::vector<std::string> paths = {path};
    if (path.find('\0') != std::string::npos) {
        paths = {with(path, '\0', '&'), with(path, '\0', ';')};
    }
    if (path.find(' ') != std::string::npos) {
        for (std::size_t i = paths.size(); i > 0; --i)
            paths.push_back(with(paths[i - 1], ' ', '+'));
    }
    return paths;
}

}  // namespace

std::optional<FileAnswer> answer_file(const HttpRequest& request, const ApiContext& context) {
    if (context.config.listener.www.value.empty()) return std::nullopt;
    for (const std::string& path : possible_paths(request.path)) {
        if (auto answered = answer_path(request, context, path)) return answered;
    }
    return std::nullopt;
}

}  // namespace rtbridge
