#include "transport/latest_json.h"

#include <charconv>

#include "base/bytes.h"
#include "base/json_text.h"
#include "transport/latest_page.h"
#include "transport/page_cursor.h"

namespace rtbridge {
namespace {

constexpr std::size_t page_items_default = 500;
constexpr std::size_t page_items_max = 5000;
constexpr std::size_t page_bytes = 1 * MiB;  // payload, roughly: one value may exceed it alone

std::string json_quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string item_json(const Update& update) {
    // The payload is a validated JSON document and goes in as it is.
    return "{\"topic\":" + json_quoted(update.topic) +
           ",\"key\":" + (update.key.empty() ? "null" : json_quoted(update.key)) +
           ",\"offset\":" + std::to_string(update.offset) +
           ",\"ts\":" + std::to_string(update.unix_ms) + ",\"data\":" + update.payload + "}";
}

}  // namespace

HttpReply answer_latest(const HttpRequest& request, const ValueStore& values, const Grants& grants,
                        Metrics& metrics) {
    std::string filter_text = "#";
    std::size_t limit = page_items_default;
    std::optional<ValueStore::Position> after;
    for (const auto& [name, value] : request.query) {
        if (name == "topic") {
            filter_text = value;
        } else if (name == "limit") {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), limit);
            if (error != std::errc() || end != value.data() + value.size() || limit == 0 ||
                limit > page_items_max) {
                return HttpReply::error(
                    400, "bad_request",
                    "limit is a number from 1 to " + std::to_string(page_items_max));
            }
        } else if (name == "after") {
            after = from_cursor(value);
            if (!after) return HttpReply::error(400, "bad_request", "after is not a former next");
        } else if (name != "ticket" && name != "token") {  // credentials, read before
            return HttpReply::error(
                400, "bad_request",
                "unknown parameter \"" + name + "\"; known are topic, limit, after");
        }
    }
    const auto filter = TopicFilter::parse(filter_text);
    if (!filter.ok()) {
        return HttpReply::error(400, "bad_topic", "topic=" + filter_text + ": " + filter.error());
    }
    if (grants.coverage(receive_live, filter.value()) == Coverage::None) {
        metrics.denied_browsers.add();
        return HttpReply::error(403, "forbidden", "no access to anything of topic=" + filter_text);
    }
    const ValueStore::Page page =
        values.page(filter.value(), ValueStore::Payloads::JsonOnly, receivable(grants, metrics),
                    after ? &*after : nullptr, limit, page_bytes);

    HttpReply reply;
    reply.body = "{\"items\":[";
    for (const UpdatePtr& update : page.items) {
        if (update != page.items.front()) reply.body += ',';
        reply.body += item_json(*update);
    }
    reply.body += "],\"next\":";
    reply.body += page.next ? json_quoted(to_cursor(*page.next)) : "null";
    reply.body += '}';
    return reply;
}

}  // namespace rtbridge
