#include "transport/page_cursor.h"

#include <nlohmann/json.hpp>

namespace rtbridge {

using nlohmann::json;

std::string to_cursor(const ValueStore::Position& position) {
    return json::array({std::get<0>(position), std::get<1>(position), std::get<2>(position),
                        std::get<3>(position)})
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<ValueStore::Position> from_cursor(const std::string& text) {
    const json cursor = json::parse(text, nullptr, false);
    if (!cursor.is_array() || cursor.size() != 4) return std::nullopt;
    const bool typed = cursor[0].is_string() && cursor[1].is_string() && cursor[2].is_string() &&
                       cursor[3].is_number_unsigned();
    if (!typed || cursor[3].get<std::uint64_t>() > UINT32_MAX) return std::nullopt;
    return ValueStore::Position{cursor[0].get<std::string>(), cursor[1].get<std::string>(),
                                cursor[2].get<std::string>(), cursor[3].get<std::uint32_t>()};
}

}  // namespace rtbridge
