#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "rules/json_template.h"
#include "rules/publish_topic.h"
#include "rules/text_template.h"

namespace rtbridge {

// [socketio] compiled: what its clients are told, and what becomes of the events that they send.
//
// Thread: any; immutable.
struct SocketIoEvents {
    struct Message {
        std::string event;
        std::optional<JsonTemplate> body;  // nothing: what there is to tell (protocols 3.4)
    };
    struct Reaction {
        SocketIoDo action = SocketIoDo::Subscribe;
        std::optional<TextTemplate> key;    // of notify: the user that is told; never absent there
        std::optional<PublishTopic> topic;  // of publish, never absent there, and of latest
        // A text is published without quotes.
        std::variant<TextTemplate, JsonTemplate> payload;
        int qos = 0;
        bool retain = false;
        std::string role;
        std::optional<Message> reply;
    };

    std::vector<Message> welcome{};
    std::map<std::string, Reaction, std::less<>> on{};  // by event
    bool begins_with_everything = true;
    std::optional<SocketIoPresenceConfig> presence{};
    std::optional<Message> shutdown{};

    // Null where templates have mistakes; all of them are reported.
    [[nodiscard]] static std::shared_ptr<const SocketIoEvents> compile(const SocketIoConfig& config,
                                                                       Diagnostics& diagnostics);
};

}  // namespace rtbridge
