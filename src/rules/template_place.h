#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rtbridge {

// Where a template stands decides which names it may use.
enum class TemplatePlace : std::uint8_t {
    // Of a rule:
    Key,
    Set,
    PublishTopic,
    Body,  // browser.body
    // Of all rules: `body` of [sse] and [socketio].
    TransportBody,
    // Of requests: whatever [[socketio.on]] and [[http.route]] hold.
    SocketIo,
    HttpRoute,
    // What nobody asked for: [[socketio.welcome]] and `shutdown` of [socketio].
    SocketIoWelcome,
};

// The names that the templates of one rule or of one route may use beside those that have a fixed
// meaning. Other places have none.
struct TemplateNames {
    // One of the rule's topics: the captures of a rule are those that all its topics define.
    struct Topic {
        std::string text;
        std::vector<std::string> captures;
    };
    std::vector<Topic> topics{};
    // Of all topics, or of the path of a route, each once: the position is the capture number.
    std::vector<std::string> captures{};
    bool has_key = false;  // of a rule
    // False where a topic is invalid: then any name may be one of its captures, and is let pass, so
    // that the other mistakes of the rule show in the same run. Such a rule is not used.
    bool all_topics_known = true;
};

}  // namespace rtbridge
