// What clients of Socket.IO are told and may ask for, as [socketio] says (protocols 3.4).

#include "transport/socketio_application.h"

#include <gmock/gmock.h>

#include "transport/socketio_fixture.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string dashboard = R"(
[[socketio.on]]
event = "subscribe:device"
do = "subscribe"
key = "{arg}"
reply = { event = "subscribed:device" }
[[socketio.on]]
event = "unsubscribe:device"
do = "unsubscribe"
key = "{arg}"
reply = { event = "unsubscribed:device" }
[[socketio.on]]
event = "subscribe:all"
do = "subscribe_all"
role = "admin"
reply = { event = "subscribed:all" }
[[socketio.on]]
event = "request:latest"
do = "latest"
key = "{arg}"
reply = { event = "data:latest" }
[[socketio.on]]
event = "request:status"
do = "status"
reply = { event = "status:update" }
[[socketio.on]]
event = "send:notification"
do = "notify"
role = "admin"
[[socketio.on]]
event = "command"
do = "publish"
topic = "commands/{arg.deviceId}"
payload = { on = "{arg.on}" }
reply = { event = "command:sent", body = { topic = "{topic}" } }
)";

using SocketIoApplicationTest = SocketIoTest;

TEST_F(SocketIoApplicationTest, WelcomesInFileOrder) {
    use(R"(
[[socketio.welcome]]
event = "connectionInfo"
body = { clientId = "{session}", totalClients = "{sessions}", who = "{user}", hello = "Hi {user}!" }
[[socketio.welcome]]
event = "time"
body = "{now}"
)");
    EXPECT_EQ(connect().socket.take(),
              "accepted\n"
              R"(connectionInfo {"clientId":"sid-1","totalClients":1,"who":null,"hello":"Hi !"})"
              "\n"
              "time \"2023-11-14T23:13:20.000Z\"\n");
}

TEST_F(SocketIoApplicationTest, WithoutSubscribeEveryoneGetsTheNewestAndEverything) {
    use("");
    fan_out("a", "1", "x");
    FakeClient& client = connect();
    EXPECT_EQ(client.socket.take(), "accepted\ndata 1\n");

    fan_out("b", "2");

    EXPECT_EQ(client.socket.take(), "data 2\n");
}

TEST_F(SocketIoApplicationTest, TheUrlNarrows) {
    use("");
    fan_out("a", "1", "x");
    fan_out("b", "2", "x");
    fan_out("a", "3", "y");
    FakeClient& key = connect("", nullptr, {{"userId", "x"}, {"topic", "a"}});
    FakeClient& live = connect("", nullptr, {{"topic", "b"}, {"snapshot", "0"}});
    EXPECT_EQ(key.socket.take(), "accepted\ndata 1\n");
    EXPECT_EQ(live.socket.take(), "accepted\n");

    fan_out("a", "4", "x");
    fan_out("b", "5", "x");

    EXPECT_EQ(key.socket.take(), "data 4\n");
    EXPECT_EQ(live.socket.take(), "data 5\n");
}

TEST_F(SocketIoApplicationTest, WhereClientsSubscribeTheyGetWhatTheySubscribedTo) {
    use(dashboard);
    FakeClient& client = connected();
    fan_out("a", "0", "dev-1");
    EXPECT_EQ(client.socket.take(), "");

    EXPECT_EQ(say(client, "subscribe:device", "\"dev-1\""),
              "subscribed:device {\"deviceId\":\"dev-1\",\"message\":\"Subscribed to dev-1\"}\n");
    EXPECT_EQ(say(client, "subscribe:device", "2"),
              "subscribed:device {\"deviceId\":\"2\",\"message\":\"Subscribed to 2\"}\n");
    fan_out("a", "1", "dev-1");
    fan_out("b", "2", "2");
    fan_out("a", "3", "dev-3");
    EXPECT_EQ(client.socket.take(), "data 1\ndata 2\n");
    EXPECT_EQ(shared.subscribed_keys.load(), 2U);

    EXPECT_EQ(
        say(client, "unsubscribe:device", "\"dev-1\""),
        "unsubscribed:device {\"deviceId\":\"dev-1\",\"message\":\"Unsubscribed from dev-1\"}\n");
    EXPECT_THAT(say(client, "unsubscribe:device", "\"2\""), HasSubstr("unsubscribed:device"));
    fan_out("a", "4", "dev-1");
    fan_out("a", "5", "2");
    EXPECT_EQ(client.socket.take(), "");
    EXPECT_EQ(shared.subscribed_keys.load(), 0U);

    EXPECT_THAT(say(client, "subscribe:device", "\"dev-1\""), HasSubstr("subscribed:device"));
    fan_out("a", "6", "dev-1");
    EXPECT_EQ(client.socket.take(), "data 6\n");
}

TEST_F(SocketIoApplicationTest, NoUpdateComesTwice) {
    use(dashboard);
    FakeClient& client = connected();
    (void)say(client, "subscribe:device", "\"dev-1\"");
    (void)say(client, "subscribe:device", "\"dev-1\"");
    fan_out("a", "1", "dev-1");
    EXPECT_EQ(client.socket.take(), "data 1\n");

    EXPECT_EQ(say(client, "subscribe:all"),
              "subscribed:all {\"message\":\"Subscribed to all devices\",\"totalDevices\":1}\n");
    fan_out("a", "2", "dev-1");
    fan_out("a", "3", "dev-2");
    EXPECT_EQ(client.socket.take(), "data 2\ndata 3\n");
}

TEST_F(SocketIoApplicationTest, AKeyIsATextOrANumber) {
    use(dashboard);
    FakeClient& client = connected();
    const struct {
        std::string argument;
        const char* message;
    } cases[] = {
        {"", "subscribe:device needs an argument"},
        {"null", "subscribe:device needs an argument"},
        {"\"\"", "the argument of subscribe:device is empty"},
        {"{\"deviceId\":1}", "the argument of subscribe:device is a text or a number"},
        {"[1]", "the argument of subscribe:device is a text or a number"},
        {"\"" + std::string(1025, 'x') + "\"",
         "the argument of subscribe:device is longer than 1024 bytes"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(
            say(client, "subscribe:device", c.argument),
            "error {\"message\":\"" + std::string(c.message) + "\",\"code\":\"bad_request\"}\n");
    }
    EXPECT_EQ(shared.subscribed_keys.load(), 0U);
}

TEST_F(SocketIoApplicationTest, KeysAreCountedAgainstTheLimitOfSubscriptions) {
    use("[limits]\nsubscriptions = 1\n" + dashboard);
    FakeClient& client = connected();
    (void)say(client, "subscribe:device", "\"dev-1\"");

    EXPECT_EQ(say(client, "subscribe:device", "\"dev-2\"", 7),
              "error {\"message\":\"limits.subscriptions = 1 is reached\",\"code\":\"limit\"}\n"
              "ack 7 {\"error\":{\"code\":\"limit\",\"message\":\"limits.subscriptions = 1 is "
              "reached\"}}\n");
    EXPECT_EQ(hits(Limit::Subscriptions), 1U);
}

TEST_F(SocketIoApplicationTest, AcksCarryTheReply) {
    use(dashboard + "[[socketio.on]]\nevent = \"quiet\"\ndo = \"subscribe\"\nkey = \"{arg}\"\n");
    FakeClient& client = connected();

    EXPECT_EQ(say(client, "subscribe:device", "\"d\"", 1),
              "subscribed:device {\"deviceId\":\"d\",\"message\":\"Subscribed to d\"}\n"
              "ack 1 {\"deviceId\":\"d\",\"message\":\"Subscribed to d\"}\n");
    EXPECT_EQ(say(client, "quiet", "\"d\"", 2),
              "ack 2 {\"deviceId\":\"d\",\"message\":\"Subscribed to d\"}\n");
    EXPECT_EQ(say(client, "quiet", "\"d\""), "");
}

TEST_F(SocketIoApplicationTest, UnknownEventsAreIgnoredUnlessAnAnswerIsAskedFor) {
    use(dashboard);
    FakeClient& client = connected();

    EXPECT_EQ(say(client, "nix", "1"), "");
    EXPECT_EQ(say(client, "nix", "1", 3),
              "ack 3 {\"error\":{\"code\":\"unknown_op\",\"message\":\"nothing answers the event "
              "\\\"nix\\\"\"}}\n");
    EXPECT_EQ(metrics.events_unknown.value(), 2U);
}

TEST_F(SocketIoApplicationTest, BinaryAttachmentsAreRefused) {
    use(dashboard);
    FakeClient& client = connected();
    assert_on_listener_thread();
    client.handler->on_event(
        {"subscribe:device", {R"({"_placeholder":true,"num":0})"}, {"bytes"}, std::nullopt});

    EXPECT_EQ(client.socket.take(),
              "error {\"message\":\"binary attachments are not taken here\",\"code\":"
              "\"bad_request\"}\n");
}

TEST_F(SocketIoApplicationTest, RolesAreNeeded) {
    use(with_tokens() + dashboard);
    FakeClient& viewer = connected(auth_of("bert", "viewer"));
    FakeClient& admin = connected(auth_of("anna", "admin"));

    EXPECT_EQ(
        say(viewer, "subscribe:all"),
        "error {\"message\":\"subscribe:all needs the role admin\",\"code\":\"forbidden\"}\n");
    EXPECT_EQ(say(viewer, "send:notification", R"({"message":"hi"})", 1),
              "error {\"message\":\"send:notification needs the role "
              "admin\",\"code\":\"forbidden\"}\n"
              "ack 1 {\"error\":{\"code\":\"forbidden\",\"message\":\"send:notification needs the "
              "role admin\"}}\n");
    EXPECT_THAT(say(admin, "subscribe:all"), HasSubstr("subscribed:all"));
    EXPECT_EQ(metrics.denied_browsers.value(), 2U);
    deliver();
    EXPECT_EQ(viewer.socket.take(), "");
}

const std::string keyed_acl = R"(
[acl]
[[acl.rule]]
user = "*"
allow = ["receive", "subscribe"]
topics = ["#"]
keys = ["{user}"]
)";

TEST_F(SocketIoApplicationTest, NobodySubscribesToWhatTheyMayNotReceive) {
    use(with_tokens() + keyed_acl + dashboard);
    FakeClient& bert = connected(auth_of("bert", "viewer"));
    fan_out("a", "1", "anna");

    EXPECT_EQ(say(bert, "subscribe:device", "\"anna\""),
              "error {\"message\":\"no access to anything of key=anna\",\"code\":\"forbidden\"}\n");
    EXPECT_EQ(say(bert, "request:latest", "\"anna\""),
              "error {\"message\":\"no access to anything of key=anna\",\"code\":\"forbidden\"}\n");
    EXPECT_THAT(say(bert, "subscribe:device", "\"bert\""), HasSubstr("subscribed:device"));
    fan_out("a", "2", "anna");
    fan_out("a", "3", "bert");
    EXPECT_EQ(bert.socket.take(), "data 3\n");
}

TEST_F(SocketIoApplicationTest, TellsTheLatest) {
    use(dashboard);
    FakeClient& client = connected();
    fan_out("z", R"({"v":1})", "dev-1");
    fan_out("a", R"({"v":2})", "dev-1");
    fan_out("b", R"({"v":3})", "dev-2");

    EXPECT_EQ(say(client, "request:latest", "\"dev-1\""),
              "data:latest {\"deviceId\":\"dev-1\",\"data\":{\"v\":2}}\n");
    EXPECT_EQ(
        say(client, "request:latest", "\"dev-9\"", 5),
        "data:latest {\"deviceId\":\"dev-9\",\"data\":null,\"message\":\"No data of dev-9 "
        "yet\"}\n"
        "ack 5 {\"deviceId\":\"dev-9\",\"data\":null,\"message\":\"No data of dev-9 yet\"}\n");
}

TEST_F(SocketIoApplicationTest, TheLatestIsToldAsItsEventWasWhereThatSaysWhoseItIs) {
    use(dashboard);
    FakeClient& client = connected();
    fan_out("a", R"({"deviceId":"dev-1","data":1.50})", "dev-1");

    EXPECT_EQ(say(client, "request:latest", "\"dev-1\""),
              "data:latest {\"deviceId\":\"dev-1\",\"data\":1.50}\n");

    fan_out("a", R"({"deviceId":"dev-2","data":1})", "dev-1");
    EXPECT_EQ(say(client, "request:latest", "\"dev-1\""),
              R"(data:latest {"deviceId":"dev-1","data":{"deviceId":"dev-2","data":1}})"
              "\n");
}

TEST_F(SocketIoApplicationTest, TheLatestMayBeThatOfOneTopic) {
    use("[[socketio.on]]\nevent = \"l\"\ndo = \"latest\"\nkey = \"{arg}\"\n"
        "topic = \"sensors/{key}\"\nreply = { event = \"l\" }\n[socketio]\nsubscribe = \"none\"\n");
    FakeClient& client = connected();
    fan_out("sensors/d", "1", "d");
    fan_out("alerts/d", "2", "d");

    EXPECT_EQ(say(client, "l", "\"d\""), "l {\"deviceId\":\"d\",\"data\":1}\n");
    EXPECT_THAT(say(client, "l", "\"a/b\""), HasSubstr("\"code\":\"bad_topic\""));
}

TEST_F(SocketIoApplicationTest, AReplyHasTheBodyThatItsTemplateMakes) {
    use(R"(
[[socketio.on]]
event = "latest"
do = "latest"
key = "{arg.id}"
reply = { event = "l", body = { id = "{key}", v = "{payload.v}", topic = "{topic}", asked = "{arg}" } }
)");
    fan_out("a", R"({"v":[1,2]})", "7");
    FakeClient& client = connected();

    EXPECT_EQ(say(client, "latest", R"({"id":7})"),
              R"(l {"id":"7","v":[1,2],"topic":"a","asked":{"id":7}})"
              "\n");
    EXPECT_EQ(say(client, "latest", R"({"id":8})"),
              R"(l {"id":"8","v":null,"topic":null,"asked":{"id":8}})"
              "\n");
    EXPECT_EQ(say(client, "latest", "{}"),
              "error {\"message\":\"latest needs {arg.id}\",\"code\":\"bad_request\"}\n");
}

TEST_F(SocketIoApplicationTest, TellsTheStatusOfAllListeners) {
    use(with_tokens() + dashboard);
    FakeClient& anna = connected(auth_of("anna", "admin"));
    clock.advance(1s);
    FakeClient& bert = connected(auth_of("bert", "viewer"), &there);
    (void)say(anna, "subscribe:device", "\"a\"");
    (void)say(bert, "subscribe:device", "\"a\"");

    const std::string status = say(bert, "request:status");

    EXPECT_THAT(status, HasSubstr("status:update {\"connectedClients\":2,\"deviceSubscriptions\":2,"
                                  "\"userActivity\":[{"));
    EXPECT_THAT(status, HasSubstr(R"({"username":"anna","role":"admin",)"
                                  R"("connectedAt":"2023-11-14T23:13:20.000Z"})"));
    EXPECT_THAT(status, HasSubstr(R"({"username":"bert","role":"viewer",)"
                                  R"("connectedAt":"2023-11-14T23:13:21.000Z"})"));
}

TEST_F(SocketIoApplicationTest, NotificationsReachEveryoneOrOneUserAtAllListeners) {
    use(with_tokens() + dashboard);
    FakeClient& anna = connected(auth_of("anna", "admin"));
    FakeClient& bert = connected(auth_of("bert", "viewer"), &there);
    FakeClient& carl = connected(auth_of("carl", "viewer"));
    const std::string hello =
        R"(notification {"message":"hi","type":"info","timestamp":"2023-11-14T23:13:20.000Z",)"
        R"("from":"anna"})"
        "\n";

    EXPECT_EQ(say(anna, "send:notification", R"({"message":"hi"})"), "");
    deliver();
    EXPECT_EQ(anna.socket.take(), hello);
    EXPECT_EQ(bert.socket.take(), hello);
    EXPECT_EQ(carl.socket.take(), hello);

    EXPECT_THAT(say(anna, "send:notification",
                    R"({"message":{"a":1},"type":"warning","targetUserId":"bert"})", 4),
                HasSubstr(R"(ack 4 {"message":{"a":1},"type":"warning",)"));
    deliver();
    EXPECT_EQ(anna.socket.take(), "");
    EXPECT_THAT(bert.socket.take(),
                HasSubstr(R"(notification {"message":{"a":1},"type":"warning")"));
    EXPECT_EQ(carl.socket.take(), "");

    EXPECT_THAT(say(anna, "send:notification", R"({"type":"x"})"),
                HasSubstr("send:notification needs a message"));
    EXPECT_THAT(say(anna, "send:notification"), HasSubstr("send:notification needs a message"));
}

TEST_F(SocketIoApplicationTest, PublishesWhatTheTemplatesMake) {
    use(dashboard);
    FakeClient& client = connected();

    EXPECT_EQ(say(client, "command", R"({"deviceId":"d1","on":true})", 9), "");
    const auto waiting = fetch_as_broker();
    ASSERT_EQ(waiting.size(), 1U);
    EXPECT_EQ(waiting[0].request.topic, "commands/d1");
    EXPECT_EQ(waiting[0].request.payload, R"({"on":true})");
    EXPECT_EQ(client.socket.take(), "");

    answer(waiting[0], PublishResult::Taken);
    EXPECT_EQ(client.socket.take(),
              "command:sent {\"topic\":\"commands/d1\"}\nack 9 {\"topic\":\"commands/d1\"}\n");
}

TEST_F(SocketIoApplicationTest, PublishesAnArgumentAsItIs) {
    use("[[socketio.on]]\nevent = \"p\"\ndo = \"publish\"\ntopic = \"t\"\nqos = 1\nretain = "
        "true\n");
    FakeClient& client = connected();

    (void)say(client, "p", "\"text\"");
    (void)say(client, "p", R"({"a":[1]})");

    const auto waiting = fetch_as_broker();
    ASSERT_EQ(waiting.size(), 2U);
    EXPECT_EQ(waiting[0].request.payload, "text");
    EXPECT_EQ(waiting[0].request.qos, 1);
    EXPECT_TRUE(waiting[0].request.retain);
    EXPECT_EQ(waiting[1].request.payload, R"({"a":[1]})");
}

TEST_F(SocketIoApplicationTest, SaysWhyItDoesNotPublish) {
    use(dashboard);
    FakeClient& client = connected();

    EXPECT_THAT(say(client, "command", R"({"deviceId":"a/b","on":1})"),
                HasSubstr("\"code\":\"bad_topic\""));
    EXPECT_THAT(say(client, "command", R"({"on":1})"), HasSubstr("\"code\":\"bad_topic\""));
    EXPECT_EQ(say(client, "command", R"({"deviceId":"d"})"),
              "error {\"message\":\"command needs {arg.on}\",\"code\":\"bad_request\"}\n");
    EXPECT_TRUE(fetch_as_broker().empty());

    (void)say(client, "command", R"({"deviceId":"d","on":1})", 1);
    (void)say(client, "command", R"({"deviceId":"d","on":1})", 2);
    EXPECT_THAT(say(client, "command", R"({"deviceId":"d","on":1})", 3),
                HasSubstr("ack 3 {\"error\":{\"code\":\"limit\""));
    const auto waiting = fetch_as_broker();
    ASSERT_EQ(waiting.size(), 2U);
    answer(waiting[0], PublishResult::DroppedByRule);
    EXPECT_THAT(client.socket.take(), HasSubstr("ack 1 {\"error\":{\"code\":\"broker_refused\""));
    disconnect(client);
    answer(waiting[1], PublishResult::Taken);
    EXPECT_EQ(client.socket.take(), "");
}

TEST_F(SocketIoApplicationTest, NobodyPublishesWhatTheyMayNot) {
    use("[auth]\nanonymous = \"role:viewer\"\n" + dashboard);
    FakeClient& client = connected();

    EXPECT_THAT(say(client, "command", R"({"deviceId":"d","on":1})", 1),
                HasSubstr("ack 1 {\"error\":{\"code\":\"forbidden\""));
    EXPECT_TRUE(fetch_as_broker().empty());
}

TEST_F(SocketIoApplicationTest, AdminsSeeUsersComeAndGo) {
    use(with_tokens() + dashboard + "[socketio]\npresence = { grace = \"5s\" }\n");
    FakeClient& admin = connected(auth_of("anna", "admin"));
    FakeClient& viewer = connected(auth_of("vera", "viewer"));
    deliver();
    EXPECT_THAT(admin.socket.take(), HasSubstr("user:joined {\"userId\":\"vera\""));

    FakeClient& bert = connected(auth_of("bert", "viewer"), &there);
    FakeClient& again = connected(auth_of("bert", "viewer"));
    deliver();
    EXPECT_EQ(admin.socket.take(), R"(user:joined {"userId":"bert","username":"bert",)"
                                   R"("timestamp":"2023-11-14T23:13:20.000Z"})"
                                   "\n");
    EXPECT_EQ(viewer.socket.take(), "");

    disconnect(bert);
    disconnect(again);
    check_after(4s);
    EXPECT_EQ(admin.socket.take(), "");
    (void)connected(auth_of("bert", "viewer"));
    check_after(10s);
    EXPECT_EQ(admin.socket.take(), "");

    disconnect(*clients.back());
    check_after(5s);
    EXPECT_THAT(admin.socket.take(), HasSubstr("user:left {\"userId\":\"bert\""));
    EXPECT_EQ(viewer.socket.take(), "");
}

TEST_F(SocketIoApplicationTest, PresenceIsOffUnlessWanted) {
    use(with_tokens() + dashboard);
    FakeClient& admin = connected(auth_of("anna", "admin"));
    FakeClient& bert = connected(auth_of("bert", "viewer"));
    disconnect(bert);
    check_after(1h);
    EXPECT_EQ(admin.socket.take(), "");
}

TEST_F(SocketIoApplicationTest, SaysGoodbyeWhenTheBrokerStops) {
    use("[socketio]\nshutdown = { event = \"server:shutdown\" }\n");
    FakeClient& client = connected();
    assert_on_listener_thread();

    here->state.sessions.close_all(CloseCode::Shutdown, "shutdown");

    EXPECT_EQ(client.socket.take(),
              "server:shutdown {\"message\":\"The server is shutting down\"}\n"
              "close 4200 shutdown\n");
}

TEST_F(SocketIoApplicationTest, ASessionWhoseTokenExpiresEndsWithAnError) {
    use(with_tokens() + dashboard);
    FakeClient& client = connected(auth_of("anna", "admin", 1'700'003'700));
    assert_on_listener_thread();
    clock.advance(3min);

    here->state.sessions.check(clock.now());

    EXPECT_EQ(client.socket.take(),
              "error {\"message\":\"token expired\",\"code\":\"token_expired\"}\n"
              "close 4202 token expired\n");
    EXPECT_EQ(say(client, "request:status"), "");
}

TEST_F(SocketIoApplicationTest, AReloadTakesBackWhatIsNotAllowedAnyMore) {
    const std::string all =
        "[acl]\n[[acl.rule]]\nallow = [\"receive\", \"subscribe\"]\ntopics = "
        "[\"a\"]\n";
    use(with_tokens() + all + dashboard);
    FakeClient& bert = connected(auth_of("bert", "viewer"));
    FakeClient& carl = connected(auth_of("carl", "viewer"));
    for (const char* key : {"\"anna\"", "\"bert\""}) (void)say(bert, "subscribe:device", key);
    (void)say(carl, "subscribe:device", "\"anna\"");

    reload(with_tokens() + keyed_acl + dashboard);

    EXPECT_EQ(bert.socket.take(),
              "error {\"message\":\"no access to anything of key=anna\",\"code\":\"forbidden\"}\n");
    fan_out("a", "1", "anna");
    fan_out("a", "2", "bert");
    EXPECT_EQ(bert.socket.take(), "data 2\n");
    EXPECT_THAT(carl.socket.take(),
                HasSubstr("disconnect\nclose 4003 no access to what was subscribed\n"));
}

TEST_F(SocketIoApplicationTest, AReloadEndsALoginThatIsNotValidAnyMore) {
    use("[auth]\nanonymous = \"role:viewer\"\n");
    FakeClient& client = connected();

    reload(with_tokens());

    EXPECT_EQ(client.socket.take(),
              "error {\"message\":\"this login is not valid any more\",\"code\":\"forbidden\"}\n"
              "disconnect\n"
              "close 4003 this login is not valid any more\n");
}

TEST_F(SocketIoApplicationTest, AReloadChangesWhatClientsMayAskFor) {
    use("");
    FakeClient& client = connected();
    EXPECT_EQ(say(client, "request:status"), "");

    reload(dashboard);

    EXPECT_THAT(say(client, "request:status"), HasSubstr("status:update"));
}

}  // namespace
}  // namespace rtbridge
