#include "ctl/diff.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

namespace rtbridge {
namespace {

Configuration load(const std::string& text) {
    const std::string path = testing::TempDir() + "diff_" + std::to_string(getpid()) + ".toml";
    std::ofstream(path) << text;
    Diagnostics diagnostics;
    std::optional<Configuration> loaded = load_configuration(path, diagnostics);
    std::remove(path.c_str());
    for (const Diagnostic& each : diagnostics.sorted()) {
        if (each.severity == Severity::Error) ADD_FAILURE() << to_line(each) << " in " << text;
    }
    return loaded ? *std::move(loaded) : Configuration::built_in();
}

std::string difference(const std::string& before, const std::string& after) {
    std::ostringstream out;
    const bool same = diff(load(before), load(after), out);
    EXPECT_EQ(same, out.str().empty());
    return out.str();
}

const std::string rule_a = "[[rule]]\nname = \"a\"\ntopics = [\"a/#\"]\n";

TEST(Diff, FindsNothingWhereOnlyTheTextDiffers) {
    const struct {
        std::string before, after;
    } cases[] = {
        {rule_a, "# a remark\n" + rule_a + "mqtt = \"keep\"\non_invalid = \"pass\"\nset = {}\n"},
        {rule_a + "battery = {}\n", rule_a + "battery = { power = \"batteryPower\" }\n"},
        {"[limits]\nping_interval = \"1m\"\n", "[limits]\nping_interval = \"60s\"\n"},
        {"[limits]\nframe = \"1MiB\"\n", "[limits]\nframe = \"1024KiB\"\n"},
        {"[listener]\norigins = [\"https://a\", \"https://b\"]\n",
         "[listener]\norigins = [\"https://b\", \"https://a:443\"]\n"},
        {rule_a + "browser = { max_rate = \"60/min\" }\n",
         rule_a + "browser = { max_rate = \"60/1m\" }\n"},
        // order that does not matter
        {rule_a + "set = { n = 1 }\n[[rule]]\nname = \"b\"\ntopics = [\"b\"]\n",
         "[[rule]]\nname = \"b\"\ntopics = [\"b\"]\n" + rule_a + "set = { n = 1 }\n"},
    };
    for (const auto& c : cases) EXPECT_EQ(difference(c.before, c.after), "") << c.after;
}

TEST(Diff, ShowsRulesByName) {
    EXPECT_EQ(
        difference(rule_a,
                   rule_a + "[[rule]]\nname = \"b\"\ntopics = [\"b\"]\nkey = \"{payload.k}\"\n"),
        "+ rule \"b\"\n    topics: [\"b\"]\n    key: \"{payload.k}\"\n    on_invalid: \"pass\"\n   "
        " mqtt: \"keep\"\n");
    EXPECT_EQ(difference(rule_a + "[[rule]]\nname = \"b\"\ntopics = [\"b\"]\n", rule_a),
              "- rule \"b\"\n");
    EXPECT_EQ(difference(rule_a, "[[rule]]\nname = \"b\"\ntopics = [\"a/#\"]\n"),
              "- rule \"a\": it is called \"b\" now\n+ rule \"b\"\n    topics: [\"a/#\"]\n    "
              "on_invalid: \"pass\"\n    mqtt: \"keep\"\n");
}

// Each option of a rule, so that none is overlooked: what it is written as, what it is shown as.
TEST(Diff, ShowsEveryOptionOfARule) {
    const struct {
        std::string option, line;
    } cases[] = {
        {"key = \"{payload.k}\"", "key: absent -> \"{payload.k}\""},
        {"fields = { x = \"number 0..1\" }", "fields.x: absent -> \"number 0..1\""},
        {"fields = { x = \"one of? a|b\" }", "fields.x: absent -> \"one of? a|b\""},
        {"fields = { x = \"number = 0\" }", "fields.x: absent -> \"number = 0\""},
        {"on_invalid = \"drop\"", "on_invalid: \"pass\" -> \"drop\""},
        {"on_invalid = \"quarantine\"", "on_invalid: \"pass\" -> \"quarantine\""},
        {"battery = { power = \"p\" }",
         "battery.power: absent -> \"p\"\n    battery.percent: absent -> \"batteryPercent\"\n"
         "    battery.positive: absent -> \"charging\"\n    battery.idle_below: absent -> 0"},
        {"battery = { voltage = \"v\", current = \"i\", time = \"ts\", capacity = 5, cells = "
         "\"c\", "
         "temperatures = [\"t\"], units = { power = \"kW\", capacity = \"Ah\" }, "
         "add = [\"energy\"], hold = \"5s\", jump = 20 }",
         "battery.power: absent -> \"batteryPower\"\n    battery.percent: absent -> "
         "\"batteryPercent\"\n"
         "    battery.positive: absent -> \"charging\"\n    battery.idle_below: absent -> 0\n"
         "    battery.voltage: absent -> \"v\"\n    battery.current: absent -> \"i\"\n"
         "    battery.time: absent -> \"ts\"\n    battery.capacity: absent -> 5\n"
         "    battery.cells: absent -> [\"c\"]\n    battery.temperatures: absent -> [\"t\"]\n"
         "    battery.units.power: absent -> 1000\n"
         "    battery.units.capacity_in_ah: absent -> true\n"
         "    battery.add.energy: absent -> true\n    battery.hold: absent -> \"5s\"\n"
         "    battery.jump: absent -> 20"},
        {"compute = { x = \"a / 2\" }", "compute.x: absent -> \"a / 2\""},
        {"classify = { l = { of = \"a\", below = { low = 1 }, otherwise = \"ok\" } }",
         "classify.l.of: absent -> \"a\"\n    classify.l.below.low: absent -> 1\n"
         "    classify.l.otherwise: absent -> \"ok\"\n    classify.l.hysteresis: absent -> 0"},
        {"map = { s = { of = \"{topic}\", table = { a = \"b\" }, otherwise = \"c\" } }",
         "map.s.of: absent -> \"{topic}\"\n    map.s.table.a: absent -> \"b\"\n"
         "    map.s.otherwise: absent -> \"c\""},
        {"rename = { a = \"b\" }", "rename.a: absent -> \"b\""},
        {"drop_fields = [\"a\"]", "drop_fields: absent -> [\"a\"]"},
        {"redact = true", "redact: absent -> true"},
        {"set = { n = 1, m = { x = \"{topic}\" } }",
         "set.n: absent -> 1\n    set.m: absent -> { x = \"{topic}\" }"},
        {"mqtt = \"replace\"", "mqtt: \"keep\" -> \"replace\""},
        {"mqtt = \"publish:b/{topic}\"", "mqtt: \"keep\" -> \"publish:b/{topic}\""},
        {"browser = { max_rate = \"10/s\" }", "browser.max_rate: absent -> \"10/s\""},
        {"browser = { deadband = { x = 1.5 } }", "browser.deadband.x: absent -> 1.5"},
        {"browser = { event = \"e\" }", "browser.event: absent -> \"e\""},
        {"browser = { body = [\"{now}\"] }", "browser.body: absent -> [\"{now}\"]"},
        {"history = { last = 5, for = \"1m\" }",
         "history.last: absent -> 5\n    history.for: absent -> \"1m\""},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(difference(rule_a, rule_a + c.option + "\n"),
                  "~ rule \"a\"\n    " + c.line + "\n")
            << c.option;
    }
    EXPECT_EQ(difference(rule_a + "mqtt = \"replace\"\n", rule_a),
              "~ rule \"a\"\n    mqtt: \"replace\" -> \"keep\"\n");
}

TEST(Diff, ShowsAnOrderThatMatters) {
    const std::string b = "[[rule]]\nname = \"b\"\ntopics = [\"+/x\"]\nset = { n = 1 }\n";
    EXPECT_EQ(difference(rule_a + b, b + rule_a),
              "~ rule \"b\" applies before rule \"a\" now; both match \"a/x\"\n");
}

TEST(Diff, ShowsEveryOtherOptionAndWhetherItNeedsARestart) {
    const std::string restart = " (takes effect at a restart)";
    const struct {
        std::string text, line;
    } cases[] = {
        {"[listener]\nbind = \"127.0.0.1:8081\"",
         "listener.bind: \"127.0.0.1:8080\" -> \"127.0.0.1:8081\"" + restart},
        {"[listener]\nbind = \"[::1]:8080\"",
         "listener.bind: \"127.0.0.1:8080\" -> \"[::1]:8080\"" + restart},
        {"[listener]\nthreads = 2", "listener.threads: 1 -> 2" + restart},
        {"[listener]\nwww = \"/tmp\"", "listener.www: \"\" -> \"/tmp\"" + restart},
        {"[listener]\norigins = [\"*\"]", "listener.origins: [] -> [\"*\"]"},
        {"[listener]\ntrusted_proxies = [\"10.0.0.0/8\"]",
         "listener.trusted_proxies: [] -> [\"10.0.0.0/8\"]"},
        {"[listener]\ndashboard = false", "listener.dashboard: true -> false"},
        {"[limits]\nconnections = 9", "limits.connections: 10000 -> 9"},
        {"[limits]\nconnections_per_ip = 9", "limits.connections_per_ip: 0 -> 9"},
        {"[limits]\nconnections_per_user = 9", "limits.connections_per_user: 0 -> 9"},
        {"[limits]\nhandshake_timeout = \"9s\"", "limits.handshake_timeout: \"5s\" -> \"9s\""},
        {"[limits]\nping_interval = \"9s\"", "limits.ping_interval: \"20s\" -> \"9s\""},
        {"[limits]\nheader = \"9KiB\"", "limits.header: \"16KiB\" -> \"9KiB\""},
        {"[limits]\nframe = \"9KiB\"", "limits.frame: \"64KiB\" -> \"9KiB\""},
        {"[limits]\nbody = \"9KiB\"", "limits.body: \"256KiB\" -> \"9KiB\""},
        {"[limits]\nrequests_per_second = 9", "limits.requests_per_second: 200 -> 9"},
        {"[limits]\nlogins_per_minute = 9", "limits.logins_per_minute: 20 -> 9"},
        {"[limits]\npassword_time = \"9ms\"", "limits.password_time: \"5ms\" -> \"9ms\""},
        {"[limits]\nsubscriptions = 9", "limits.subscriptions: 256 -> 9"},
        {"[limits]\nqueue = { soft = \"9KiB\" }", "limits.queue.soft: \"256KiB\" -> \"9KiB\""},
        {"[limits]\nqueue = { hard = \"2MiB\" }", "limits.queue.hard: \"1MiB\" -> \"2MiB\""},
        {"[limits]\nqueue = { close_after = \"9s\" }",
         "limits.queue.close_after: \"30s\" -> \"9s\""},
        {"[limits]\nmailbox = 999", "limits.mailbox: 65536 -> 999"},
        {"[limits]\nhistory_bytes = \"9MiB\"", "limits.history_bytes: \"64MiB\" -> \"9MiB\""},
        {"[limits]\ndrain_time = \"9s\"", "limits.drain_time: \"2s\" -> \"9s\""},
        {"[mqtt_tunnel]\nto = \"127.0.0.1:1883\"", "mqtt_tunnel.to: absent -> \"127.0.0.1:1883\""},
        {"[socketio]\npath = \"/io/\"", "socketio.path: \"/socket.io/\" -> \"/io/\""},
        {"[socketio]\nping_interval = \"9s\"", "socketio.ping_interval: \"25s\" -> \"9s\""},
        {"[socketio]\nping_timeout = \"9s\"", "socketio.ping_timeout: \"20s\" -> \"9s\""},
        {"[socketio]\nconnect_timeout = \"9s\"", "socketio.connect_timeout: \"45s\" -> \"9s\""},
        {"[socketio]\nmax_payload = \"2MB\"", "socketio.max_payload: \"1MB\" -> \"2MB\""},
        {"[socketio]\nsubscribe = \"none\"", "socketio.subscribe: absent -> \"none\""},
        {"[socketio]\nbody = \"{payload}\"", "socketio.body: absent -> \"{payload}\""},
        {"[socketio]\nshutdown = { event = \"e\" }", "socketio.shutdown.event: absent -> \"e\""},
        {"[[socketio.welcome]]\nevent = \"hi\"", "socketio.welcome.1.event: absent -> \"hi\""},
        {"[sse]\nbody = 1", "sse.body: absent -> 1"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(difference("", c.text + "\n"), "~ " + c.line + "\n") << c.text;
    }
}

TEST(Diff, ShowsSectionsThatAreNew) {
    EXPECT_EQ(
        difference(
            "",
            "[auth]\nanonymous = \"role:viewer\"\n[[auth.role]]\nuser = \"a*\"\nrole = \"r\"\n"),
        "~ auth.anonymous: absent -> \"role:viewer\"\n"
        "~ auth.cookie: absent -> \"rtbridge\"\n"
        "~ auth.token_in_url: absent -> false\n"
        "~ auth.passwords_file: absent -> \"\"\n"
        "~ auth.mqtt: absent -> false\n"
        "~ auth.role.\"a*\".\"r\": absent -> true\n"
        "- acl: no [auth] and no [acl]: everything is allowed, on this machine only\n"
        "+ acl: no [acl]: receive, subscribe and history are allowed to those let in, MQTT "
        "clients are not checked\n");
    EXPECT_EQ(
        difference("",
                   "[socketio]\npresence = {}\n[[socketio.on]]\nevent = \"x\"\ndo = \"status\"\n"
                   "role = \"r\"\nreply = { event = \"y\" }\n"),
        "~ socketio.presence.joined: absent -> \"user:joined\"\n"
        "~ socketio.presence.left: absent -> \"user:left\"\n"
        "~ socketio.presence.role: absent -> \"admin\"\n"
        "~ socketio.presence.grace: absent -> \"5s\"\n"
        "~ socketio.on.\"x\".do: absent -> \"status\"\n"
        "~ socketio.on.\"x\".qos: absent -> 0\n"
        "~ socketio.on.\"x\".retain: absent -> false\n"
        "~ socketio.on.\"x\".role: absent -> \"r\"\n"
        "~ socketio.on.\"x\".reply.event: absent -> \"y\"\n");
    EXPECT_EQ(difference("", "[[http.route]]\nmethod = \"GET\"\npath = \"/x\"\nlatest = \"a\"\n"),
              "~ http.route.GET /x.latest: absent -> \"a\"\n");
    EXPECT_EQ(
        difference("[acl]\n",
                   "[acl]\n[[acl.rule]]\nuser = \"u\"\nallow = [\"publish\"]\ntopics = [\"a\"]\n"),
        "+ acl: allow publish on \"a\" for user \"u\"\n");
}

}  // namespace
}  // namespace rtbridge
