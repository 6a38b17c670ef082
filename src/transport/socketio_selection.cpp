#include "transport/socketio_selection.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace rtbridge {
namespace {

// Of Engine.IO itself, whatever a rule's key is called.
constexpr std::array<std::string_view, 5> protocol_parameters = {"EIO", "transport", "sid", "t",
                                                                 "b64"};

bool is_selector(const std::string& name, const ConfigSnapshot& config) {
    const bool of_protocol = std::find(protocol_parameters.begin(), protocol_parameters.end(),
                                       name) != protocol_parameters.end();
    if (of_protocol) return false;
    return name == "topic" || name == "snapshot" ||
           std::any_of(config.rules.begin(), config.rules.end(), [&](const RuleStatus& rule) {
               return !rule.key_name.empty() && rule.key_name == name;
           });
}

}  // namespace

Result<SocketIoSelection, SelectionRefusal> SocketIoSelection::begin(const HttpRequest& handshake,
                                                                     const ConfigSnapshot& config) {
    HttpRequest selectors;
    for (const auto& parameter : handshake.query) {
        if (is_selector(parameter.first, config)) selectors.query.push_back(parameter);
    }
    auto wanted = read_selection(selectors, config);
    if (!wanted.ok()) return Failure{wanted.error()};
    SocketIoSelection begun;
    begun.topics_ = std::move(wanted.value().selection.topics);
    begun.keys_ = std::move(wanted.value().selection.keys);
    begun.snapshot_ = wanted.value().snapshot;
    begun.everything_ = begun.keys_.empty() && config.socketio_events->begins_with_everything;
    return begun;
}

std::optional<Selection> SocketIoSelection::selected() const {
    if (everything_) return of_everything();
    if (keys_.empty()) return std::nullopt;
    return Selection{topics_, keys_};
}

Selection SocketIoSelection::of_key(const std::string& key) const {
    return {topics_, {{"", key}}};
}

bool SocketIoSelection::contains(const std::string& key) const {
    return std::any_of(keys_.begin(), keys_.end(),
                       [&](const KeySelector& selector) { return selector.value == key; });
}

void SocketIoSelection::add(const std::string& key) {
    if (!contains(key)) keys_.push_back({"", key});
}

void SocketIoSelection::remove(const std::string& key) {
    std::erase_if(keys_, [&](const KeySelector& selector) { return selector.value == key; });
}

}  // namespace rtbridge
