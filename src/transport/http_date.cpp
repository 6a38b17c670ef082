#include "transport/http_date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace rtbridge {
namespace {

constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string two_digits(int number) {
    return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

// Takes a text apart from its front; what doesn't fit sets failed() for good.
class DateReader {
public:
    explicit DateReader(std::string_view text) : text_(text) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool at_end() const { return text_.empty(); }

    void skip(std::string_view expected) {
        if (text_.starts_with(expected)) {
            text_.remove_prefix(expected.size());
        } else {
            failed_ = true;
        }
    }
    [[nodiscard]] int number(std::size_t digits) {
        if (text_.size() < digits) return fail();
        int value = 0;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + digits, value);
        if (error != std::errc() || end != text_.data() + digits || value < 0) return fail();
        text_.remove_prefix(digits);
        return value;
    }
    // 0..11
    [[nodiscard]] int month() {
        const auto* const found = std::find(months.begin(), months.end(), text_.substr(0, 3));
        if (found == months.end()) return fail();
        text_.remove_prefix(3);
        return static_cast<int>(found - months.begin());
    }
    void time(std::tm& when) {
        when.tm_hour = number(2);
        skip(":");
        when.tm_min = number(2);
        skip(":");
        when.tm_sec = number(2);
    }

private:
    int fail() {
        failed_ = true;
        return 0;
    }

    std::string_view text_;
    bool failed_ = false;
};

std::optional<std::int64_t> finish(const DateReader& reader, std::tm when) {
    const bool possible = when.tm_mday >= 1 && when.tm_mday <= 31 && when.tm_hour <= 23 &&
                          when.tm_min <= 59 && when.tm_sec <= 60;
    if (reader.failed() || !reader.at_end() || !possible) return std::nullopt;
    return timegm(&when);
}

// "06 Nov 1994 08:49:37 GMT"
std::optional<std::int64_t> parse_fixdate(std::string_view text) {
    DateReader reader(text);
    std::tm when{};
    when.tm_mday = reader.number(2);
    reader.skip(" ");
    when.tm_mon = reader.month();
    reader.skip(" ");
    when.tm_year = reader.number(4) - 1900;
    reader.skip(" ");
    reader.time(when);
    reader.skip(" GMT");
    return finish(reader, when);
}

// "06-Nov-94 08:49:37 GMT"
std::optional<std::int64_t> parse_rfc850(std::string_view text) {
    DateReader reader(text);
    std::tm when{};
    when.tm_mday = reader.number(2);
    reader.skip("-");
    when.tm_mon = reader.month();
    reader.skip("-");
    const int year = reader.number(2);
    when.tm_year = year < 70 ? year + 100 : year;  // no file is from before 1970
    reader.skip(" ");
    reader.time(when);
    reader.skip(" GMT");
    return finish(reader, when);
}

// "Nov  6 08:49:37 1994"
std::optional<std::int64_t> parse_asctime(std::string_view text) {
    DateReader reader(text);
    std::tm when{};
    when.tm_mon = reader.month();
    reader.skip(" ");
    const bool one_digit = text.size() > 4 && text[4] == ' ';
    if (one_digit) reader.skip(" ");
    when.tm_mday = reader.number(one_digit ? 1 : 2);
    reader.skip(" ");
    reader.time(when);
    reader.skip(" ");
    when.tm_year = reader.number(4) - 1900;
    return finish(reader, when);
}

}  // namespace

std::string http_date(std::int64_t unix_s) {
    const auto time = static_cast<std::time_t>(unix_s);
    std::tm utc{};
    if (gmtime_r(&time, &utc) == nullptr) return "Thu, 01 Jan 1970 00:00:00 GMT";
    std::string text(days.at(static_cast<std::size_t>(utc.tm_wday)));
    text += ", " + two_digits(utc.tm_mday) + ' ';
    text += months.at(static_cast<std::size_t>(utc.tm_mon));
    text += ' ' + std::to_string(utc.tm_year + 1900) + ' ' + two_digits(utc.tm_hour) + ':' +
            two_digits(utc.tm_min) + ':' + two_digits(utc.tm_sec) + " GMT";
    return text;
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    // The name of the day says nothing that the rest doesn't.
    const std::size_t comma = text.find(", ");
    if (comma == std::string_view::npos) {
        return text.size() > 4 && text[3] == ' ' ? parse_asctime(text.substr(4)) : std::nullopt;
    }
    const std::string_view date = text.substr(comma + 2);
    return comma == 3 ? parse_fixdate(date) : parse_rfc850(date);
}

}  // namespace rtbridge
