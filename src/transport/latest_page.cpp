#include "transport/latest_page.h"

#include "base/bytes.h"
#include "base/json_text.h"
#include "transport/page_cursor.h"
#include "transport/update_json.h"

namespace rtbridge {
namespace {

constexpr std::size_t page_bytes_max = 256 * KiB;
constexpr std::size_t frame_bytes = 64;  // what stands around the items, but for `next`

std::string item(const Update& update) {
    std::string text = "{";
    append_update_head(text, update);
    const std::size_t head_bytes = text.size();
    append_update_payload(text, update);
    if (text.size() > page_bytes_max - frame_bytes) {
        text.resize(head_bytes);
        text += ",\"too_large\":" + std::to_string(update.payload.size());
    }
    return text += '}';
}

}  // namespace

ValueStore::Allowed receivable(const Grants& grants, Metrics& metrics) {
    return [&](const Update& update) {
        if (grants.may(receive_live, update.topic, update.key)) return true;
        metrics.filtered_browsers.add();
        return false;
    };
}

std::string latest_page(const GetRequest& get, const ValueStore& values, const Grants& grants,
                        Metrics& metrics) {
    const ValueStore::Page page = values.page(
        Selection{get.topics, {}}, ValueStore::Payloads::Any, receivable(grants, metrics),
        get.after ? &*get.after : nullptr, get.limit, page_bytes_max);
    std::string text = "{\"items\":[";
    std::optional<ValueStore::Position> next = page.next;
    const Update* last = nullptr;
    for (const UpdatePtr& update : page.items) {
        const std::string more = item(*update);
        if (last != nullptr && text.size() + more.size() > page_bytes_max - frame_bytes) {
            next = ValueStore::position_of(*last);
            break;
        }
        if (last != nullptr) text += ',';
        text += more;
        last = update.get();
    }
    text += "],\"next\":";
    if (next) {
        append_json_string(text, to_cursor(*next));
    } else {
        text += "null";
    }
    return text += '}';
}

}  // namespace rtbridge
