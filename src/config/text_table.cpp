#include "config/text_table.h"

#include <csv.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "base/file_text.h"
#include "config/in_quotes.h"

namespace rtbridge {
namespace {

// Callbacks of libcsv, which goes through the text once.
class Rows {
public:
    Rows(const std::string& path, std::string_view text,
         std::vector<std::pair<std::string, std::string>>& table, Diagnostics& diagnostics)
        : path_(path), text_(text), table_(table), diagnostics_(diagnostics) {
        for (const auto& [key, value] : table_) lines_.emplace(key, 0);
    }

    void run() {
        csv_parser parser{};
        // All line ends, so that lines can be counted; a quote that is never closed is a mistake.
        if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0) {
            return mistake("no memory for it");
        }
        const std::size_t read =
            csv_parse(&parser, text_.data(), text_.size(), on_field, on_line_end, this);
        if (read != text_.size() || csv_fini(&parser, on_field, on_line_end, this) != 0) {
            mistake("is not CSV: " + std::string(csv_strerror(csv_error(&parser))));
        }
        csv_free(&parser);
    }

private:
    static void on_field(void* bytes, std::size_t size, void* self) {
        static_cast<Rows*>(self)->fields_.emplace_back(static_cast<const char*>(bytes), size);
    }
    static void on_line_end(int end, void* self) {
        Rows& rows = *static_cast<Rows*>(self);
        if (!rows.fields_.empty()) rows.end_row();
        if (end == '\n') ++rows.line_;
    }

    void end_row() {
        std::uint32_t lines_inside = 0;
        for (const std::string& field : fields_) {
            lines_inside +=
                static_cast<std::uint32_t>(std::count(field.begin(), field.end(), '\n'));
        }
        if (fields_.size() != 2) {
            mistake("has " + std::to_string(fields_.size()) +
                    (fields_.size() == 1 ? " column" : " columns") +
                    "; it needs two, a text and what stands for it");
        } else {
            const auto [first, is_new] = lines_.emplace(fields_[0], line_);
            if (is_new) {
                table_.emplace_back(std::move(fields_[0]), std::move(fields_[1]));
            } else if (first->second == 0) {
                mistake("repeats " + in_quotes(fields_[0]) + " of the rule's table");
            } else {
                mistake("repeats " + in_quotes(fields_[0]) + " of line " +
                        std::to_string(first->second));
            }
        }
        fields_.clear();
        line_ += lines_inside;
    }
    void mistake(const std::string& what) {
        constexpr std::size_t reported_max = 20;  // of a file that is something else altogether
        if (++mistakes_ > reported_max) return;
        diagnostics_.error({path_, line_, 1}, "the row " + what);
    }

    const std::string& path_;
    std::string_view text_;
    std::vector<std::pair<std::string, std::string>>& table_;
    Diagnostics& diagnostics_;
    std::unordered_map<std::string, std::uint32_t> lines_;
    std::vector<std::string> fields_;
    std::uint32_t line_ = 1;
    std::size_t mistakes_ = 0;
};

}  // namespace

void read_text_table(const std::string& path, const SourcePlace& place,
                     std::vector<std::pair<std::string, std::string>>& table,
                     Diagnostics& diagnostics) {
    Result<FileText, std::string> file = read_file_text(
        path, text_table_bytes_max, "the file is larger than 16MiB; a table of texts is smaller");
    if (!file.ok()) return diagnostics.error(place, in_quotes(path) + ": " + file.error());
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    std::string_view text = file.value().text;
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    Rows(path, text, table, diagnostics).run();
}

}  // namespace rtbridge
