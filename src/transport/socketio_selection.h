#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "handoff/config_snapshot.h"
#include "listener/selection.h"
#include "transport/http_request.h"
#include "transport/selection_request.h"

namespace rtbridge {

// What a Socket.IO client wants to see: everything, or the keys that it subscribed to, either on
// the topics that its handshake named. A value.
class SocketIoSelection {
public:
    // What a client begins with. ?topic=… and ?<key>=… in the URL of the handshake narrow it, as on
    // /ws; other parameters are the page's own.
    [[nodiscard]] static Result<SocketIoSelection, SelectionRefusal> begin(
        const HttpRequest& handshake, const ConfigSnapshot& config);

    // Nothing: no update at all.
    [[nodiscard]] std::optional<Selection> selected() const;
    // Of one key, whatever else is wanted.
    [[nodiscard]] Selection of_key(const std::string& key) const;
    [[nodiscard]] Selection of_everything() const { return {topics_, {}}; }

    void add(const std::string& key);
    void remove(const std::string& key);
    void add_everything() { everything_ = true; }
    void remove_everything() { everything_ = false; }

    [[nodiscard]] bool everything() const { return everything_; }
    [[nodiscard]] bool contains(const std::string& key) const;
    [[nodiscard]] const std::vector<KeySelector>& keys() const { return keys_; }
    [[nodiscard]] const std::vector<TopicFilter>& topics() const { return topics_; }
    [[nodiscard]] bool snapshot() const { return snapshot_; }

private:
    std::vector<TopicFilter> topics_;
    std::vector<KeySelector> keys_;
    bool everything_ = false;
    bool snapshot_ = true;
};

}  // namespace rtbridge
