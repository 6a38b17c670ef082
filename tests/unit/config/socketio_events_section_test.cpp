#include <gtest/gtest.h>

#include "config/config_loader.h"
#include "config_text.h"
#include "rules/socketio_events.h"

namespace rtbridge {
namespace {

// The mistakes of reading and compiling.
std::string mistakes(const std::string& text) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(text, "socketio.toml", diagnostics);
    if (config && SocketIoEvents::compile(config->socketio, diagnostics) == nullptr) {
        EXPECT_TRUE(diagnostics.has_errors());
    }
    return to_test_text(diagnostics);
}

std::shared_ptr<const SocketIoEvents> compiled(const std::string& text) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(text, "socketio.toml", diagnostics);
    auto events = config ? SocketIoEvents::compile(config->socketio, diagnostics) : nullptr;
    EXPECT_EQ(to_test_text(diagnostics), "") << text;
    return events;
}

TEST(SocketIoEventsSection, ReadsEveryKey) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(R"(
[socketio]
subscribe = "all"
presence = { joined = "in", left = "out", role = "boss", grace = "0s" }
shutdown = { event = "server:shutdown", body = { message = "bye" } }
[[socketio.welcome]]
event = "connectionInfo"
body = { clientId = "{session}", totalClients = "{sessions}" }
[[socketio.welcome]]
event = "connected"
[[socketio.on]]
event = "subscribe:device"
do = "subscribe"
key = "{arg}"
role = "operator"
reply = { event = "subscribed:device", body = { deviceId = "{arg}" } }
[[socketio.on]]
event = "command"
do = "publish"
topic = "commands/{arg.deviceId}"
payload = { on = "{arg.on}" }
qos = 2
retain = true
)",
                                                      "socketio.toml", diagnostics);

    EXPECT_EQ(to_test_text(diagnostics), "");
    ASSERT_TRUE(config);
    const SocketIoConfig& socketio = config->socketio;
    EXPECT_EQ(socketio.subscribe, SocketIoConfig::Begin::Everything);
    ASSERT_TRUE(socketio.presence && socketio.shutdown);
    EXPECT_EQ(socketio.presence->joined, "in");
    EXPECT_EQ(socketio.presence->left, "out");
    EXPECT_EQ(socketio.presence->role, "boss");
    EXPECT_EQ(socketio.presence->grace.count(), 0);
    EXPECT_EQ(socketio.shutdown->event, "server:shutdown");
    ASSERT_EQ(socketio.welcome.size(), 2U);
    EXPECT_EQ(socketio.welcome[0].event, "connectionInfo");
    EXPECT_TRUE(socketio.welcome[0].body);
    EXPECT_FALSE(socketio.welcome[1].body);
    ASSERT_EQ(socketio.on.size(), 2U);
    EXPECT_EQ(socketio.on[0].event.value, "subscribe:device");
    EXPECT_EQ(socketio.on[0].action, SocketIoDo::Subscribe);
    EXPECT_EQ(socketio.on[0].key->value, "{arg}");
    EXPECT_EQ(socketio.on[0].role, "operator");
    EXPECT_EQ(socketio.on[0].reply->event, "subscribed:device");
    EXPECT_EQ(socketio.on[1].topic->value, "commands/{arg.deviceId}");
    EXPECT_TRUE(socketio.on[1].payload);
    EXPECT_EQ(socketio.on[1].qos, 2);
    EXPECT_TRUE(socketio.on[1].retain);
}

TEST(SocketIoEventsSection, SaysWhatIsWrong) {
    const struct {
        const char* text;
        const char* mistake;
    } cases[] = {
        {"[socketio]\nsubscribe = \"some\"",
         "2:13: error: subscribe = \"some\" is not known; write \"all\" or \"none\"\n"},
        {"[socketio]\npresence = { grace = \"1h\" }",
         "2:22: error: grace = \"1h\" is out of range; write a value from 0s to 10m\n"},
        {"[socketio]\npresence = { join = \"x\" }",
         "2:14: error: unknown key \"join\" in [socketio] presence; did you mean \"joined\"?\n"},
        {"[socketio]\npresence = { left = \"disconnect\" }",
         "2:21: error: left = \"disconnect\" is an event of Socket.IO itself; choose another "
         "name\n"},
        {"[socketio]\nshutdown = \"bye\"",
         "2:12: error: shutdown must be a table like { event = \"server:shutdown\", body = { "
         "message = \"...\" } }, not a string\n"},
        {"[socketio]\nshutdown = { body = \"{arg}\" , event = \"x\" }",
         "2:21: error: {arg} has no meaning in what nobody asked for\n"},
        {"[socketio]\nwelcome = { event = \"x\" }",
         "2:1: error: socketio.welcome must be a list of tables; write [[socketio.welcome]] with "
         "two brackets\n"},
        {"[socketio]\non = [1]", "2:7: error: each socketio.on must be a table, not an integer\n"},
        {"[[socketio.welcome]]\nbody = 1",
         "1:1: error: [[socketio.welcome]] has no event; add one like event = \"connected\"\n"},
        {"[[socketio.welcome]]\nevent = \"connect\"",
         "2:9: error: event = \"connect\" is an event of Socket.IO itself; choose another name\n"},
        {"[[socketio.welcome]]\nevent = \"x\"\nbody = \"{nix}\"",
         "3:8: error: unknown name {nix}; known are {user}, {now}, {now_ms}, {role}, "
         "{claim.name}, {session}, {sessions}\n"},
        {"[[socketio.on]]\ndo = \"status\"",
         "1:1: error: [[socketio.on]] has no event; add one like event = \"subscribe:device\"\n"},
        {"[[socketio.on]]\nevent = \"x\"",
         "1:1: error: [[socketio.on]] has no do; add one like do = \"subscribe\"\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"subscribed\"",
         "3:6: error: do = \"subscribed\" is not known; did you mean \"subscribe\"?\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"fly\"\nkey = \"{arg}\"",
         "3:6: error: do = \"fly\" is not known; write one of subscribe unsubscribe subscribe_all "
         "latest status notify publish\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"latest\"",
         "1:1: error: [[socketio.on]] has no key; add one like key = \"{arg}\"\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"latest\"\nkey = \"\"",
         "4:7: error: key is empty; write one like \"{arg}\"\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"latest\"\nkey = \"{arg\"",
         "4:7: error: '{' without '}'; a brace as text is written \"{{\"\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"status\"\nkey = \"{arg}\"",
         "4:1: error: key goes with subscribe, unsubscribe, latest and notify; remove it\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"status\"\nretain = true",
         "4:1: error: retain goes with do = \"publish\" only\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"status\"\ntopic = \"a\"",
         "4:1: error: topic goes with do = \"publish\" and \"latest\" only\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"publish\"",
         "1:1: error: [[socketio.on]] has no topic; add one like topic = "
         "\"commands/{arg.deviceId}\"\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"publish\"\ntopic = \"a/#\"",
         "4:9: error: the topic to publish to contains '+' or '#'\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"publish\"\ntopic = \"a\"\nqos = 3",
         "5:7: error: qos = 3 is out of range; write a value from 0 to 2\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"notify\"",
         "1:1: error: [[socketio.on]] has no role; say who may notify others, like role = "
         "\"admin\", or role = \"\" for everyone\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"status\"\nreply = { body = 1 }",
         "4:9: error: [[socketio.on]] reply has no event; add one like event = "
         "\"subscribed:device\"\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"status\"\nreply = { event = \"y\", body = "
         "\"{client}\" }",
         "4:31: error: {client} has no meaning in [socketio]\n"},
        {"[[socketio.on]]\nevent = \"x\"\ndo = \"status\"\n[[socketio.on]]\nevent = \"x\"\ndo = "
         "\"status\"",
         "5:9: error: event \"x\" is answered already at line 2; an event has one socketio.on\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(mistakes(c.text), c.mistake) << c.text;
}

TEST(SocketIoEventsSection, EveryMistakeIsSaidInOneRun) {
    EXPECT_EQ(mistakes("[socketio]\nsubscribe = 1\n"
                       "[[socketio.on]]\nevent = \"x\"\ndo = \"fly\"\n"),
              "2:13: error: subscribe must be a string, not an integer\n"
              "5:6: error: do = \"fly\" is not known; write one of subscribe unsubscribe "
              "subscribe_all latest status notify publish\n");
    EXPECT_EQ(mistakes("[[socketio.on]]\nevent = \"x\"\ndo = \"latest\"\nkey = \"{nix}\"\n"
                       "[[socketio.on]]\nevent = \"y\"\ndo = \"publish\"\ntopic = \"a/{arg}\"\n"
                       "payload = \"{rule}\"\nreply = { event = \"z\", body = \"{client}\" }\n"),
              "4:7: error: unknown name {nix}; known are {topic}, {key}, {payload}, "
              "{payload.name}, {payload_text}, {user}, {now}, {now_ms}, {role}, {claim.name}, "
              "{session}, {sessions}, {arg}, {arg.name}\n"
              "9:11: error: {rule} has no meaning in [socketio]\n"
              "10:31: error: {client} has no meaning in [socketio]\n");
}

TEST(SocketIoEventsSection, BeginsWithEverythingUnlessClientsSubscribe) {
    const std::string subscribes =
        "[[socketio.on]]\nevent = \"x\"\ndo = \"subscribe\"\nkey = \"{arg}\"\n";
    EXPECT_TRUE(compiled("")->begins_with_everything);
    EXPECT_FALSE(compiled(subscribes)->begins_with_everything);
    EXPECT_FALSE(compiled("[socketio]\nsubscribe = \"none\"\n")->begins_with_everything);
    EXPECT_TRUE(compiled("[socketio]\nsubscribe = \"all\"\n" + subscribes)->begins_with_everything);
}

}  // namespace
}  // namespace rtbridge
