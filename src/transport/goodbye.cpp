#include "transport/goodbye.h"

#include <algorithm>
#include <random>

#include "base/json_text.h"

namespace rtbridge {
namespace {

using std::chrono::milliseconds;

// A broker that restarts is to meet so many browsers a second.
constexpr std::size_t returns_per_second = 300;
constexpr milliseconds spread_min{1'000};
constexpr milliseconds spread_max{30'000};

RetryWindow window(milliseconds from, milliseconds to, milliseconds spread, double chance) {
    const auto lot =
        static_cast<milliseconds::rep>(chance * static_cast<double>((to - from).count()));
    const milliseconds min = from + milliseconds(lot);
    return {min, min + spread};
}

}  // namespace

double draw_lot() {
    static thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_real_distribution<double>(0, 1)(random);
}

std::optional<RetryWindow> retry_window(CloseCode code, std::size_t sessions, double chance) {
    const auto number = static_cast<unsigned>(code);
    if (code == CloseCode::Shutdown) {
        const milliseconds spread(sessions * 1000 / returns_per_second);
        return window(milliseconds(500), milliseconds(2'000),
                      std::clamp(spread, spread_min, spread_max), chance);
    }
    if (number >= 4200)
        return window(milliseconds(0), milliseconds(500), milliseconds(1'500), chance);
    if (number >= 4100) {
        return window(milliseconds(1'000), milliseconds(3'000), milliseconds(10'000), chance);
    }
    return std::nullopt;
}

std::string goodbye(CloseCode code, std::string_view why, const std::optional<RetryWindow>& retry) {
    std::string text =
        R"({"op":"bye","code":)" + std::to_string(static_cast<unsigned>(code)) + ",\"why\":";
    append_json_string(text, why);
    if (retry) {
        text += ",\"retry\":{\"min\":" + std::to_string(retry->min.count()) +
                ",\"max\":" + std::to_string(retry->max.count()) + '}';
    }
    return text += '}';
}

}  // namespace rtbridge
