#include "transport/auth_frame.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace rtbridge {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json reply_to(std::optional<std::uint32_t> id) {
    ordered_json reply = ordered_json::object();
    if (id) reply["re"] = *id;
    return reply;
}

}  // namespace

std::optional<AuthFrame> read_auth_frame(std::string_view text) {
    const json frame = json::parse(text, nullptr, false);
    if (!frame.is_object()) return std::nullopt;
    const auto op = frame.find("op");
    const auto token = frame.find("token");
    if (op == frame.end() || *op != "auth" || token == frame.end() || !token->is_string()) {
        return std::nullopt;
    }
    AuthFrame result{std::nullopt, token->get<std::string>()};
    if (const auto id = frame.find("id"); id != frame.end()) {
        if (!id->is_number_unsigned()) return std::nullopt;
        const auto number = id->get<std::uint64_t>();
        if (number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
        result.id = static_cast<std::uint32_t>(number);
    }
    return result;
}

std::string auth_accepted(std::optional<std::uint32_t> id, std::optional<std::int64_t> ttl_s) {
    ordered_json reply = reply_to(id);
    reply["ok"] = ordered_json{{"ttl", ttl_s ? ordered_json(*ttl_s) : ordered_json(nullptr)}};
    return reply.dump();
}

}  // namespace rtbridge
