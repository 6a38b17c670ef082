#include "ctl/recorded_message.h"

#include <simdjson.h>

#include <cmath>

#include "access/base64.h"
#include "base/iso_time.h"
#include "base/trimmed.h"
#include "rules/json_document.h"
#include "topic/topic_name.h"

namespace rtbridge {
namespace {

namespace ondemand = simdjson::ondemand;

// Unix times below are seconds, above milliseconds: as seconds it is the year 5138, as
// milliseconds 1973.
constexpr double seconds_below = 1e11;

// The JSON of a value as its bytes stand in the line.
std::string raw_json(ondemand::value& value) {
    ondemand::json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return {};
    std::string_view raw;
    if (type == ondemand::json_type::object) {
        ondemand::object object;
        if (value.get_object().get(object) != simdjson::SUCCESS ||
            object.raw_json().get(raw) != simdjson::SUCCESS) {
            return {};
        }
    } else if (type == ondemand::json_type::array) {
        ondemand::array array;
        if (value.get_array().get(array) != simdjson::SUCCESS ||
            array.raw_json().get(raw) != simdjson::SUCCESS) {
            return {};
        }
    } else {
        raw = value.raw_json_token();
    }
    return std::string(trimmed(raw));
}

// "2026-11-21T18:00:00.123456+0000", as mosquitto_sub writes it: without the colon of RFC 3339.
std::optional<std::int64_t> read_time_text(std::string_view text) {
    if (const auto time = read_iso_time(text)) return time;
    if (text.size() < 5 || (text[text.size() - 5] != '+' && text[text.size() - 5] != '-')) {
        return std::nullopt;
    }
    std::string with_colon(text);
    with_colon.insert(with_colon.size() - 2, ":");
    // Some versions write both: "…Z+0000".
    const std::size_t z = with_colon.find('Z');
    if (z != std::string::npos) with_colon.erase(z, 1);
    return read_iso_time(with_colon);
}

// Fills a message member by member.
class JsonLine {
public:
    Result<RecordedMessage, std::string> read(std::string_view line) {
        // Validates every byte, which the other parser does not.
        JsonDocument document;
        if (const char* const mistake = document.parse(line)) return Failure{std::string(mistake)};
        const simdjson::padded_string padded(line);
        ondemand::parser parser;
        ondemand::document json;
        ondemand::object object;
        if (parser.iterate(padded).get(json) != simdjson::SUCCESS ||
            json.get_object().get(object) != simdjson::SUCCESS) {
            return Failure{std::string("is no JSON object")};
        }
        for (auto member : object) {
            ondemand::field field;
            std::string_view key;
            if (std::move(member).get(field) != simdjson::SUCCESS ||
                field.unescaped_key().get(key) != simdjson::SUCCESS) {
                return Failure{std::string("is no JSON object")};
            }
            const std::string name(key);
            ondemand::value value = field.value();
            if (std::string why = take(name, value); !why.empty()) return Failure{std::move(why)};
        }
        if (!has_topic_) return Failure{std::string("has no \"topic\"")};
        return std::move(message_);
    }

private:
    // An empty text, or what is wrong.
    std::string take(const std::string& name, ondemand::value& value) {
        ondemand::json_type type{};
        if (value.type().get(type) != simdjson::SUCCESS) return "is no JSON object";
        if (name == "topic") return take_topic(value, type);
        if (name == "payload") return take_payload(value, type);
        if (name == "payload_b64") return take_base64(value, type);
        if (name == "client") return take_text(name, value, type, message_.client);
        if (name == "user") return take_text(name, value, type, message_.user);
        if (name == "tst") return take_time(value, type);
        if (name == "retain") return take_retain(value, type);
        return {};
    }

    static std::string take_text(const std::string& name, ondemand::value& value,
                                 ondemand::json_type type, std::string& target) {
        std::string_view text;
        if (type == ondemand::json_type::null) return {};
        if (type != ondemand::json_type::string ||
            value.get_string().get(text) != simdjson::SUCCESS) {
            return "\"" + name + "\" is no text";
        }
        target = text;
        return {};
    }

    std::string take_topic(ondemand::value& value, ondemand::json_type type) {
        has_topic_ = true;
        std::string why = take_text("topic", value, type, message_.topic);
        if (!why.empty()) return why;
        const char* const mistake = topic_name_mistake(message_.topic);
        return mistake == nullptr ? std::string() : "has a \"topic\" that " + std::string(mistake);
    }

    std::string take_payload(ondemand::value& value, ondemand::json_type type) {
        if (type == ondemand::json_type::null) return {};
        if (type == ondemand::json_type::string) {
            return take_text("payload", value, type, message_.payload);
        }
        message_.payload = raw_json(value);
        return {};
    }

    std::string take_base64(ondemand::value& value, ondemand::json_type type) {
        std::string text;
        if (std::string why = take_text("payload_b64", value, type, text); !why.empty()) return why;
        std::optional<std::string> bytes = decode_base64(text);
        if (!bytes) return "\"payload_b64\" is no base64";
        message_.payload = std::move(*bytes);
        return {};
    }

    std::string take_time(ondemand::value& value, ondemand::json_type type) {
        constexpr const char* no_time = "\"tst\" is no time";
        if (type == ondemand::json_type::number) {
            double number = 0;
            if (value.get_double().get(number) != simdjson::SUCCESS || !(number >= 0)) {
                return no_time;
            }
            const double ms = number < seconds_below ? number * 1000 : number;
            if (ms > 8.64e15) return no_time;
            message_.unix_ms = std::llround(ms);
            return {};
        }
        std::string text;
        if (!take_text("tst", value, type, text).empty()) return no_time;
        if (text.empty()) return {};
        message_.unix_ms = read_time_text(text);
        return message_.unix_ms ? std::string() : no_time;
    }

    std::string take_retain(ondemand::value& value, ondemand::json_type type) {
        if (type == ondemand::json_type::null) return {};
        const std::string raw = raw_json(value);  // true, or 1 as of mosquitto_sub -F %r
        if (raw != "true" && raw != "false" && raw != "1" && raw != "0") {
            return "\"retain\" is neither true nor false";
        }
        message_.retain = raw == "true" || raw == "1";
        return {};
    }

    RecordedMessage message_;
    bool has_topic_ = false;
};

}  // namespace

Result<RecordedMessage, std::string> read_recorded_message(std::string_view line) {
    if (line.starts_with('{')) return JsonLine().read(line);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) {
        return Failure{std::string("has no payload behind the topic; is it of mosquitto_sub -v?")};
    }
    RecordedMessage message;
    message.topic = line.substr(0, blank);
    message.payload = line.substr(blank + 1);
    if (message.payload == "(null)") message.payload.clear();  // how -v shows an empty one
    if (const char* const mistake = topic_name_mistake(message.topic)) {
        return Failure{"has a topic that " + std::string(mistake)};
    }
    return message;
}

std::optional<std::string_view> RecordedLines::next() {
    while (read_line()) {
        if (line_.ends_with('\r')) line_.pop_back();
        if (!line_.empty()) return line_;
    }
    return std::nullopt;
}

bool RecordedLines::read_line() {
    line_.clear();
    too_long_ = false;
    std::streambuf& buffer = *in_.rdbuf();
    constexpr int end = std::streambuf::traits_type::eof();
    int byte = buffer.sbumpc();
    if (byte == end) return false;
    ++number_;
    for (; byte != end && byte != '\n'; byte = buffer.sbumpc()) {
        if (line_.size() < line_bytes_max) {
            line_.push_back(static_cast<char>(byte));
        } else {
            too_long_ = true;
        }
    }
    return true;
}

}  // namespace rtbridge
