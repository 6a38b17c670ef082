#include "base/iso_time.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace rtbridge {
namespace {

template <typename T>
void append_digits(std::string& out, T number, std::size_t digits) {
    const std::string text = std::to_string(number);
    if (text.size() < digits) out.append(digits - text.size(), '0');
    out += text;
}

// Takes so many digits off the front, behind one of the characters of `before` unless it is empty.
bool take_digits(std::string_view& text, std::string_view before, std::size_t digits, int& number) {
    if (!before.empty()) {
        if (text.empty() || before.find(text.front()) == before.npos) return false;
        text.remove_prefix(1);
    }
    const std::string_view taken = text.substr(0, digits);
    if (taken.size() != digits || taken.find_first_not_of("0123456789") != taken.npos) return false;
    std::from_chars(taken.data(), taken.data() + digits, number);
    text.remove_prefix(digits);
    return true;
}

// ".123" and whatever follows it, down to the millisecond.
std::int64_t take_fraction(std::string_view& text) {
    if (!text.starts_with('.')) return 0;
    const std::size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    std::string digits(text.substr(1, std::min<std::size_t>(end - 1, 3)));
    digits.append(3 - digits.size(), '0');
    text.remove_prefix(end > 1 ? end : 0);
    return std::stoi(digits);
}

}  // namespace

std::optional<std::int64_t> read_iso_time(std::string_view text) {
    using namespace std::chrono;
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    const bool read = take_digits(text, "", 4, year) && take_digits(text, "-", 2, month) &&
                      take_digits(text, "-", 2, day) && take_digits(text, "Tt ", 2, hour) &&
                      take_digits(text, ":", 2, minute) && take_digits(text, ":", 2, second);
    const year_month_day date = std::chrono::year{year} /
                                std::chrono::month{static_cast<unsigned>(month)} /
                                std::chrono::day{static_cast<unsigned>(day)};
    // 60: a leap second.
    if (!read || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::int64_t fraction_ms = take_fraction(text);
    int offset_hours = 0, offset_minutes = 0;
    if (text != "Z" && text != "z") {
        const bool west = text.starts_with('-');
        const bool offset = take_digits(text, "+-", 2, offset_hours) &&
                            take_digits(text, ":", 2, offset_minutes) && text.empty();
        if (!offset || offset_hours > 23 || offset_minutes > 59) return std::nullopt;
        if (west) {
            offset_hours = -offset_hours;
            offset_minutes = -offset_minutes;
        }
    }
    const milliseconds time = sys_days(date).time_since_epoch() + hours(hour - offset_hours) +
                              minutes(minute - offset_minutes) + seconds(second);
    return time.count() + fraction_ms;
}

void append_iso_time(std::string& out, std::int64_t unix_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> time{milliseconds(unix_ms)};
    const sys_days day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss<milliseconds> clock(time - day);
    append_digits(out, static_cast<int>(date.year()), 4);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.month()), 2);
    out += '-';
    append_digits(out, static_cast<unsigned>(date.day()), 2);
    out += 'T';
    append_digits(out, clock.hours().count(), 2);
    out += ':';
    append_digits(out, clock.minutes().count(), 2);
    out += ':';
    append_digits(out, clock.seconds().count(), 2);
    out += '.';
    append_digits(out, clock.subseconds().count(), 3);
    out += 'Z';
}

}  // namespace rtbridge
