#include "transport/page_cursor.h"

#include <nlohmann/json.hpp>

namespace rtbridge {

using nlohmann::json;

std::string to_cursor(const ValueStore::Position& position) {
    return json::array({std::get<0>(position), std::get<1>(position), std::get<2>(position)})
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<ValueStore::Position> from_cursor(const std::string& text) {
    const json cursor = json::parse(text, nullptr, false);
    if (!cursor.is_array() || cursor.size() != 3) return std::nullopt;
    for (const json& part : cursor) {
        if (!part.is_string()) return std::nullopt;
    }
    return ValueStore::Position{cursor[0].get<std::string>(), cursor[1].get<std::string>(),
                                cursor[2].get<std::string>()};
}

}  // namespace rtbridge
