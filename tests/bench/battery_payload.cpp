#include "battery_payload.h"

#include <time.h>

#include <charconv>

namespace rtbridge::load {
namespace {

constexpr std::string_view head = R"({"userId":"user-1","batteryPercent":80,"batteryPower":1200,)";
constexpr std::string_view mark = R"("ts":)";
constexpr std::size_t digits = 19;
// Added to every time: JSON allows no leading zeros, and the width must not change.
constexpr std::int64_t epoch_ns = 1'000'000'000'000'000'000;

std::optional<std::int64_t> time_at(std::string_view payload, std::size_t position) {
    if (position + digits > payload.size()) return std::nullopt;
    const char* const begin = payload.data() + position;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(begin, begin + digits, value);
    if (error != std::errc{} || end != begin + digits) return std::nullopt;
    return value - epoch_ns;
}

}  // namespace

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::string battery_payload(std::int64_t sent_ns) {
    std::string payload(head);
    payload += mark;
    payload += std::to_string(epoch_ns + sent_ns);
    payload += R"(,"pad":")";
    payload.append(battery_payload_bytes - payload.size() - 2, 'x');
    return payload + "\"}";
}

std::string enriched_payload(std::int64_t sent_ns) {
    std::string payload = battery_payload(sent_ns);
    payload.pop_back();
    return payload + R"(,"state":"Charging"})";
}

void stamp(char* payload, std::int64_t sent_ns) {
    char* const begin = payload + head.size() + mark.size();
    std::to_chars(begin, begin + digits, epoch_ns + sent_ns);
}

std::optional<std::int64_t> sent_ns_of(std::string_view payload) {
    if (payload.substr(0, head.size()) == head &&
        payload.substr(head.size(), mark.size()) == mark) {
        return time_at(payload, head.size() + mark.size());
    }
    const std::size_t position = payload.find(mark);  // another server may have moved it
    if (position == std::string_view::npos) return std::nullopt;
    return time_at(payload, position + mark.size());
}

}  // namespace rtbridge::load
