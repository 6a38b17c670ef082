#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/toml_document.h"

// Strict, typed reading of one TOML table: every key is asked for by name and type, and what nobody
// asked for is an error. A mistake becomes a diagnostic and leaves the target as it was, so that
// reading goes on and one run reports everything.

namespace rtbridge {

// "an integer", "a table", ...
[[nodiscard]] std::string_view type_name(const toml::node& node);

template <typename T>
struct Range {
    T min;
    T max;
};

// The value of a key, with the place of both.
struct TomlEntry {
    const toml::key* key = nullptr;
    const toml::node* node = nullptr;
};

class TableReader {
public:
    // `title` as in `unknown key "x" in <title>`. REQUIRES: table and document outlive the reader.
    TableReader(const TomlDocument& document, const toml::table& table, std::string title,
                Diagnostics& diagnostics);

    // Each reads one key where it is present and right, and returns whether it did. Of an array
    // with wrong entries the right ones are read.
    bool read(std::string_view key, bool& target);
    bool read(std::string_view key, std::string& target);
    bool read(std::string_view key, Placed<std::string>& target);
    bool read(std::string_view key, std::vector<Placed<std::string>>& target);
    bool read(std::string_view key, double& target);
    bool read_integer(std::string_view key, std::int64_t& target, Range<std::int64_t> range);
    bool read_duration(std::string_view key, std::chrono::milliseconds& target,
                       Range<std::chrono::milliseconds> range);
    bool read_size(std::string_view key, std::uint64_t& target, Range<std::uint64_t> range);

    // The unsigned fields of Config, whatever their width.
    template <typename T>
    bool read_count(std::string_view key, T& target, Range<T> range) {
        static_assert(std::is_unsigned_v<T>);
        std::int64_t number = 0;
        if (!read_integer(key, number, {range.min, range.max})) return false;
        target = static_cast<T>(number);
        return true;
    }

    // A key whose value the caller reads itself; nothing where it is absent.
    [[nodiscard]] std::optional<TomlEntry> take(std::string_view key);
    // The same with the type checked. `like` completes "must be a table like ...", and may be
    // empty.
    [[nodiscard]] const toml::table* take_table(std::string_view key, std::string_view like = {});

    // Keys of the format that this version refuses.
    void not_supported_yet(std::initializer_list<std::string_view> keys);
    // Keys that are known but wrong here, and what to do about it.
    void refuse(std::initializer_list<std::string_view> keys, std::string_view why);
    // Call last: every key that was not mentioned before is an error.
    void report_unknown_keys();

    void error(const toml::node& node, std::string message);
    void error(const toml::key& key, std::string message);
    void wrong_type(std::string_view key, const toml::node& node, std::string_view wanted);

    [[nodiscard]] const TomlDocument& document() const { return document_; }
    [[nodiscard]] Diagnostics& diagnostics() { return diagnostics_; }
    [[nodiscard]] const std::string& title() const { return title_; }
    [[nodiscard]] SourcePlace place() const { return document_.place(table_); }

private:
    const TomlDocument& document_;
    const toml::table& table_;
    const std::string title_;
    Diagnostics& diagnostics_;
    std::vector<std::string_view> known_;
};

}  // namespace rtbridge
