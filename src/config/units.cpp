#include "config/units.h"

#include <array>
#include <charconv>

namespace rtbridge {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

// Largest first, as the format functions want them.
constexpr std::array<Unit, 4> duration_units = {
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 7> size_units = {{{"GiB", std::uint64_t{1} << 30U},
                                             {"MiB", std::uint64_t{1} << 20U},
                                             {"KiB", std::uint64_t{1} << 10U},
                                             {"B", 1},
                                             {"GB", 1'000'000'000},
                                             {"MB", 1'000'000},
                                             {"KB", 1'000}}};
constexpr std::uint64_t duration_max_ms = 10ULL * 366 * 24 * 3'600'000;
constexpr std::uint64_t size_max = std::uint64_t{1} << 50U;

template <std::size_t N>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<Unit, N>& units,
                                   std::uint64_t max) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const std::from_chars_result parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc()) return std::nullopt;
    const std::string_view unit_name(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    for (const Unit& unit : units) {
        if (unit.name != unit_name) continue;
        if (number > max / unit.factor) return std::nullopt;
        return number * unit.factor;
    }
    return std::nullopt;
}

template <std::size_t N>
std::string format(std::uint64_t amount, const std::array<Unit, N>& units) {
    for (const Unit& unit : units) {
        if (amount >= unit.factor && amount % unit.factor == 0) {
            return std::to_string(amount / unit.factor).append(unit.name);
        }
    }
    return {};
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const std::optional<std::uint64_t> ms = parse(text, duration_units, duration_max_ms);
    if (!ms) return std::nullopt;
    return std::chrono::milliseconds(*ms);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return parse(text, size_units, size_max);
}

std::optional<RateConfig> parse_rate(std::string_view text) {
    using namespace std::chrono_literals;
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    RateConfig rate;
    const std::from_chars_result number =
        std::from_chars(text.data(), text.data() + slash, rate.updates);
    if (number.ec != std::errc() || number.ptr != text.data() + slash) return std::nullopt;

    std::string per(text.substr(slash + 1));
    if (per.ends_with("min")) per.resize(per.size() - 2);
    const bool counted = !per.empty() && per.front() >= '0' && per.front() <= '9';
    const auto duration = parse_duration(counted ? per : "1" + per);
    if (!duration || duration->count() == 0 || rate.updates == 0) return std::nullopt;
    rate.per = *duration;
    if (rate.interval() < 1ms || rate.interval() > 24h) return std::nullopt;
    return rate;
}

std::string format_duration(std::chrono::milliseconds duration) {
    const auto ms = static_cast<std::uint64_t>(duration.count());
    return ms == 0 ? "0s" : format(ms, duration_units);
}

std::string format_size(std::uint64_t bytes) {
    return bytes == 0 ? "0B" : format(bytes, size_units);
}

std::string format_rate(const RateConfig& rate) {
    std::string per = format_duration(rate.per);
    // "s", not "1s"
    if (per.starts_with('1') && (per.size() < 2 || per[1] < '0' || per[1] > '9')) per.erase(0, 1);
    return std::to_string(rate.updates) + "/" + per;
}

}  // namespace rtbridge
