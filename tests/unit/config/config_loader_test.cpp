#include "config/config_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "config_text.h"

namespace rtbridge {
namespace {

// What is wrong with a text, as "line:column: severity: message" lines; empty = nothing.
std::string mistakes(std::string_view text) {
    Diagnostics diagnostics;
    const std::optional<Config> config = parse_config(text, "test.toml", diagnostics);
    EXPECT_EQ(config.has_value(), !diagnostics.has_errors()) << text;
    return to_test_text(diagnostics);
}

Config read(std::string_view text) {
    Diagnostics diagnostics;
    std::optional<Config> config = parse_config(text, "test.toml", diagnostics);
    EXPECT_EQ(to_test_text(diagnostics), "") << text;
    return config ? std::move(*config) : Config();
}

RuleConfig read_rule(const std::string& lines) {
    Config config = read("[[rule]]\nname = \"r\"\ntopics = [\"t\"]\n" + lines);
    EXPECT_EQ(config.rules.size(), 1U);
    return config.rules.empty() ? RuleConfig() : config.rules.front();
}

struct Refusal {
    std::string_view text;
    std::string_view mistake;
};

template <std::size_t N>
void expect_refusals(const Refusal (&cases)[N], std::string_view prefix = "") {
    for (const Refusal& c : cases) {
        EXPECT_EQ(mistakes(std::string(prefix).append(c.text)), std::string(c.mistake) + "\n")
            << c.text;
    }
}

TEST(ConfigLoader, AnEmptyFileIsTheDefaultsWithoutRules) {
    for (const std::string_view text : {"", "\n", "# nothing\n", "\xEF\xBB\xBF", "version = 1"}) {
        EXPECT_EQ(to_test_text(read(text)), to_test_text(Config())) << text;
    }
}

TEST(ConfigLoader, ReadsTheListener) {
    const Config config = read(R"(
        [listener]
        bind = "[::1]:0"
        tls = { cert = "", key = "" }
        origins = ["https://Example.com:443", "*"]
        threads = 1
        dashboard = false
        www = ""
        trusted_proxies = []
    )");

    EXPECT_EQ(config.listener.bind, (BindAddress{"::1", 0}));
    EXPECT_EQ(config.listener.origins, (std::vector<std::string>{"https://example.com", "*"}));
    EXPECT_FALSE(config.listener.dashboard);
    EXPECT_EQ(config.listener.bind_place.line, 3U);
    EXPECT_EQ(config.listener.bind_place.column, 9U);
}

TEST(ConfigLoader, FilesOfTlsAreRelativeToTheConfiguration) {
    Diagnostics diagnostics;

    const auto config = parse_config("listener.tls = { cert = \"tls/c.pem\", key = \"/k.pem\" }",
                                     "/etc/rtbridge/rtbridge.toml", diagnostics);

    ASSERT_TRUE(config);
    EXPECT_TRUE(config->listener.tls.enabled());
    EXPECT_EQ(config->listener.tls.cert_file.value, "/etc/rtbridge/tls/c.pem");
    EXPECT_EQ(config->listener.tls.key_file.value, "/k.pem");
    EXPECT_EQ(config->listener.tls.key_file.place.line, 1U);
}

TEST(ConfigLoader, ReadsProxiesAsAddressesAndNetworks) {
    const Config config = read("[listener]\ntrusted_proxies = [\"127.0.0.1\", \"192.0.2.0/24\"]");

    ASSERT_EQ(config.listener.trusted_proxies.size(), 2U);
    EXPECT_TRUE(config.listener.trusted_proxies[1].contains("192.0.2.77"));
}

TEST(ConfigLoader, WithoutABindItsPlaceIsTheFile) {
    const Config config = read("[listener]\n");

    EXPECT_EQ(config.listener.bind_place.file, "test.toml");
    EXPECT_EQ(config.listener.bind_place.line, 0U);
}

TEST(ConfigLoader, ReadsTheLimits) {
    const Config config = read(R"(
        [limits]
        connections = 5
        connections_per_ip = 2
        handshake_timeout = "250ms"
        ping_interval = "2m"
        header = "8KiB"
        frame = "128B"
        subscriptions = 7
        queue = { soft = "1KiB", hard = "2KiB", close_after = "1h" }
        mailbox = 16
        history_bytes = "1GiB"
        drain_time = "0s"
    )");

    const LimitsConfig& limits = config.limits;
    EXPECT_EQ(limits.connections, 5U);
    EXPECT_EQ(limits.connections_per_ip, 2U);
    EXPECT_EQ(limits.handshake_timeout.count(), 250);
    EXPECT_EQ(limits.ping_interval.count(), 120'000);
    EXPECT_EQ(limits.header_bytes, 8 * KiB);
    EXPECT_EQ(limits.frame_bytes, 128U);
    EXPECT_EQ(limits.subscriptions, 7U);
    EXPECT_EQ(limits.queue.soft_bytes, 1 * KiB);
    EXPECT_EQ(limits.queue.hard_bytes, 2 * KiB);
    EXPECT_EQ(limits.queue.close_after.count(), 3'600'000);
    EXPECT_EQ(limits.mailbox_updates, 16U);
    EXPECT_EQ(limits.history_bytes, 1024 * MiB);
    EXPECT_EQ(limits.drain_time.count(), 0);
}

TEST(ConfigLoader, ReadsWhoMayConnect) {
    EXPECT_FALSE(read("").auth);
    EXPECT_EQ(read("[auth]\n").auth.value().anonymous_role, std::nullopt);
    EXPECT_EQ(read("auth.anonymous = 'deny'").auth.value().anonymous_role, std::nullopt);
    EXPECT_EQ(read("auth.anonymous = 'role:viewer'").auth.value().anonymous_role, "viewer");
}

TEST(ConfigLoader, ReadsRulesInFileOrder) {
    const Config config = read(R"(
        [[rule]]
        name = "z.1"
        topics = ["a/{x}", "b/#"]
        key = "{payload.id}"
        on_invalid = "drop"
        battery = { power = "b.p", percent = "soc", positive = "discharging", idle_below = 0.5 }
        set = { b = "{x}", a = 1 }
        mqtt = "replace"
        [[rule]]
        name = "a-2"
        topics = ["c"]
        battery = {}
        mqtt = "keep"
        on_invalid = "pass"
    )");

    EXPECT_EQ(to_test_text(config), to_test_text(Config()) +
                                        "rule z.1\n"
                                        "  topic a/{x}\n"
                                        "  topic b/#\n"
                                        "  key {payload.id}\n"
                                        "  on_invalid drop\n"
                                        "  battery b.p soc discharging 0.5\n"
                                        "  set {b=\"{x}\";a=int 1;}\n"
                                        "  mqtt 1 \n"
                                        "rule a-2\n"
                                        "  topic c\n"
                                        "  on_invalid pass\n"
                                        "  battery batteryPower batteryPercent charging 0\n"
                                        "  set {}\n"
                                        "  mqtt 0 \n");
}

TEST(ConfigLoader, ReadsWhatBrowsersGetOfARule) {
    const Config config = read(
        "[[rule]]\nname = \"r\"\ntopics = [\"t\"]\n"
        "browser = { max_rate = \"10/s\", deadband = { z = 5, \"a.b\" = 0.5 } }\n"
        "history = { last = 100, for = \"10m\" }\n"
        "[[rule]]\nname = \"s\"\ntopics = [\"t\"]\n[rule.history]\nfor = \"1h\"\n"
        "[[rule]]\nname = \"t\"\ntopics = [\"t\"]\nhistory.last = 7\nbrowser = {}\n"
        "[listener]\nthreads = 4\n");

    ASSERT_EQ(config.rules.size(), 3U);
    const BrowserConfig& browser = config.rules[0].browser;
    ASSERT_TRUE(browser.max_rate);
    EXPECT_EQ(browser.max_rate->interval(), std::chrono::milliseconds(100));
    ASSERT_EQ(browser.deadband.size(), 2U);
    EXPECT_EQ(browser.deadband[0].field, "z");
    EXPECT_EQ(browser.deadband[1].field, "a.b");
    EXPECT_EQ(browser.deadband[1].band, 0.5);
    EXPECT_EQ(config.rules[0].history->last, 100U);
    EXPECT_EQ(config.rules[0].history->keep, std::chrono::minutes(10));
    EXPECT_EQ(config.rules[1].history->last, HistoryConfig::last_max);
    EXPECT_EQ(config.rules[1].history->keep, std::chrono::hours(1));
    EXPECT_EQ(config.rules[2].history->last, 7U);
    EXPECT_EQ(config.rules[2].history->keep, std::chrono::milliseconds(0));
    EXPECT_FALSE(config.rules[2].browser.thins());
    EXPECT_EQ(config.listener.threads, 4U);
}

TEST(ConfigLoader, ValuesOfSetKeepTypeNestingAndOrder) {
    const RuleConfig rule = read_rule(
        "set = { z = \"{x}\", i = -1, f = 1.0, t = true, l = [1, \"a\", [], {}], o = { b = 1, a = "
        "2 } }");

    Config config;
    config.rules = {rule};
    EXPECT_NE(to_test_text(config).find("set {z=\"{x}\";i=int -1;f=float 1;t=true;l=[int "
                                        "1;\"a\";[];{};];o={b=int 1;a=int 2;};}"),
              std::string::npos)
        << to_test_text(config);
}

TEST(ConfigLoader, AnInlineTableAndASubTableAreTheSame) {
    const std::string inline_tables = R"(
        listener = { bind = "127.0.0.1:1", tls = { cert = "" } }
        limits = { queue = { soft = "1KiB" } }
        auth = { anonymous = "role:x" }
        rule = [{ name = "a", topics = ["a"], battery = { idle_below = 1 }, set = { o = { x = 1 } } }]
    )";
    const std::string sub_tables = R"(
        [listener]
        bind = "127.0.0.1:1"
        [listener.tls]
        cert = ""
        [limits.queue]
        soft = "1KiB"
        [auth]
        anonymous = "role:x"
        [[rule]]
        name = "a"
        topics = ["a"]
        [rule.battery]
        idle_below = 1
        [rule.set.o]
        x = 1
    )";
    const std::string dotted_keys = R"(
        listener.bind = "127.0.0.1:1"
        listener.tls.cert = ""
        limits.queue.soft = "1KiB"
        auth.anonymous = "role:x"
        [[rule]]
        name = "a"
        topics = ["a"]
        battery.idle_below = 1
        set.o.x = 1
    )";

    EXPECT_EQ(to_test_text(read(inline_tables)), to_test_text(read(sub_tables)));
    EXPECT_EQ(to_test_text(read(dotted_keys)), to_test_text(read(sub_tables)));
}

TEST(ConfigLoader, PlacesPointAtTheTextsThatLaterStagesCheck) {
    const RuleConfig rule = read(
                                "[[rule]]\n"
                                "name = \"n\"\n"
                                "topics = [\"ä\", \"b\"]\n"
                                "key = \"{k}\"\n"
                                "set = { \"ä\" = \"ü\", c = [1] }\n"
                                "mqtt   = \"publish:live/{x}\"\n")
                                .rules.at(0);

    const auto at = [](const SourcePlace& place) {
        return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    };
    EXPECT_EQ(at(rule.name.place), "test.toml:2:8");
    EXPECT_EQ(at(rule.topics.at(0).place), "test.toml:3:11");
    EXPECT_EQ(at(rule.topics.at(1).place), "test.toml:3:17");  // columns count bytes
    EXPECT_EQ(at(rule.key.value().place), "test.toml:4:7");
    EXPECT_EQ(at(rule.set.at(0).second.place), "test.toml:5:16");
    EXPECT_EQ(at(rule.set.at(1).second.place), "test.toml:5:26");
    EXPECT_EQ(at(std::get<TemplateSource::Array>(rule.set.at(1).second.value).at(0).place),
              "test.toml:5:27");
    EXPECT_EQ(at(rule.publish_topic.place), "test.toml:6:10");
    EXPECT_EQ(rule.publish_topic.value, "live/{x}");
    EXPECT_EQ(rule.mqtt, TowardsMqtt::Publish);
}

TEST(ConfigLoader, RefusesAtTheTopLevel) {
    expect_refusals({
        {"version = 2",
         "1:11: error: version 2 of the file format is not known here; write version = 1"},
        {"version = \"1\"", "1:11: error: version must be the integer 1, not a string"},
        {"vresion = 1",
         "1:1: error: unknown key \"vresion\" in the file; did you mean \"version\"?"},
        {"[rules]", "1:2: error: unknown key \"rules\" in the file; did you mean \"rule\"?"},
        {"[mqtt_tunel]",
         "1:2: error: unknown key \"mqtt_tunel\" in the file; did you mean \"mqtt_tunnel\"?"},
        {"[nonsense]", "1:2: error: unknown key \"nonsense\" in the file; remove it"},
        {"\"a\\u001b[0m\\n\" = 1",
         "1:1: error: unknown key \"a\\x1b[0m\\x0a\" in the file; remove it"},
        {"listener = 1", "1:12: error: listener must be a table, not an integer"},
        {"[[limits]]", "1:1: error: limits must be a table, not an array"},
        {"[rule]", "1:2: error: rule must be a list of tables; write [[rule]] with two brackets"},
        {"rule = [1]", "1:9: error: each rule must be a table, not an integer"},
        {"include = \"a\"", "1:11: error: include must be an array of strings, not a string"},
    });
}

TEST(ConfigLoader, RefusesWhatIsNotSupportedYet) {
    expect_refusals({
        {"[[alert]]", "1:3: error: alert is not supported yet; remove it"},
        {"[[test]]", "1:3: error: test is not supported yet; remove it"},
    });
}

TEST(ConfigLoader, RefusesInTheListener) {
    expect_refusals(
        {
            {"bind = 8080",
             "2:8: error: bind must be a string like \"127.0.0.1:8080\", \"[::1]:8080\" or "
             "\"localhost:8080\", not an integer"},
            {"bind = \"8080\"",
             "2:8: error: bind = \"8080\" is not an address and port from 0 to 65535; write "
             "\"127.0.0.1:8080\", \"[::1]:8080\" or \"localhost:8080\""},
            {"origins = \"*\"", "2:11: error: origins must be an array of strings, not a string"},
            {"origins = [true]",
             "2:12: error: each entry of origins must be a string, not a boolean"},
            {"origins = [\"*\", \"http://h/p\"]",
             "2:17: error: \"http://h/p\" is not an origin; write \"https://host\", "
             "\"http://host:port\" or \"*\", without a path"},
            {"dashboard = 1", "2:13: error: dashboard must be true or false, not an integer"},
            {"threads = 65",
             "2:11: error: threads = 65 is out of range; write a value from 1 to 64"},
            {"threads = 0", "2:11: error: threads = 0 is out of range; write a value from 1 to 64"},
            {"threads = \"2\"", "2:11: error: threads must be an integer, not a string"},
            {"www = true", "2:7: error: www must be a string, not a boolean"},
            {"www = \"a\\u0000b\"", "2:7: error: \"a\\x00b\" is not a file name"},
            {"tls = true",
             "2:7: error: tls must be a table like { cert = \"\", key = \"\" }, not a boolean"},
            {"tls = { cert = \"c\" }", "2:16: error: TLS takes both files; name the key as well"},
            {"tls = { key = \"k\" }", "2:15: error: TLS takes both files; name the cert as well"},
            {"tls = { crt = \"\" }",
             "2:9: error: unknown key \"crt\" in [listener] tls; did you mean \"cert\"?"},
            {"trusted_proxies = [\"10.0.0.1\", \"10.0.0.256\"]",
             "2:32: error: \"10.0.0.256\" is not an address or network; write \"192.0.2.7\" or "
             "\"192.0.2.0/24\""},
            {"trusted_proxies = \"10.0.0.1\"",
             "2:19: error: trusted_proxies must be an array of strings, not a string"},
            {"dashbord = true",
             "2:1: error: unknown key \"dashbord\" in [listener]; did you mean \"dashboard\"?"},
        },
        "[listener]\n");
}

TEST(ConfigLoader, OtherMachinesGetInOnlyWhereThatIsSaid) {
    const std::string refused =
        "2:1: error: bind is reachable from other machines and nobody could log in; bind to "
        "127.0.0.1, add [[auth.jwt]] or passwords_file to [auth], or let everyone in: [auth] "
        "anonymous = \"role:viewer\"\n";
    for (const std::string_view host : {"0.0.0.0", "[::]", "10.0.0.1"}) {
        const std::string text = "[listener]\nbind = \"" + std::string(host) + ":8080\"\n";
        EXPECT_EQ(mistakes(text), refused);
        EXPECT_EQ(mistakes(text + "[auth]\n"), refused);
        EXPECT_EQ(mistakes(text + "[auth]\nanonymous = \"deny\"\n"), refused);
        for (const std::string login :
             {"anonymous = \"role:viewer\"", "passwords_file = \"users\"",
              "[[auth.jwt]]\nalgorithms = [\"HS256\"]\nkeys_file = \"key\""}) {
            EXPECT_EQ(mistakes(text + "[auth]\n" + login + "\n"), "") << login;
        }
    }
}

TEST(ConfigLoader, ReadsAuth) {
    const AuthConfig auth = read(R"(
        [auth]
        anonymous = "role:viewer"
        cookie = "sid"
        token_in_url = true
        passwords_file = "/etc/rtbridge/passwords"
        mqtt = true
        [[auth.role]]
        user = "an*"
        role = "operator"
        [[auth.jwt]]
        issuer = "https://id.example.com"
        audience = "rtbridge"
        algorithms = ["RS256", "ES256"]
        keys_file = "keys/../jwks.json"
        user_claim = "name"
        role_claim = "groups"
        leeway = "5s"
        [[auth.jwt]]
        algorithms = ["HS512"]
        keys_file = "/etc/rtbridge/key"
    )")
                                .auth.value();

    EXPECT_EQ(auth.anonymous_role, "viewer");
    EXPECT_EQ(auth.cookie, "sid");
    EXPECT_TRUE(auth.token_in_url);
    EXPECT_EQ(auth.passwords_file.value, "/etc/rtbridge/passwords");
    EXPECT_EQ(auth.passwords_file.place.line, 6U);
    EXPECT_TRUE(auth.mqtt);
    ASSERT_EQ(auth.roles.size(), 1U);
    EXPECT_EQ(auth.roles[0].user.value + " " + auth.roles[0].role, "an* operator");
    ASSERT_EQ(auth.jwt.size(), 2U);
    const JwtConfig& first = auth.jwt[0];
    EXPECT_EQ(first.issuer + " " + first.audience, "https://id.example.com rtbridge");
    EXPECT_EQ(first.algorithms, (std::vector<std::string>{"RS256", "ES256"}));
    // Relative names mean the folder of the file, here the working folder.
    EXPECT_EQ(first.keys_file.value, std::filesystem::current_path().string() + "/jwks.json");
    EXPECT_EQ(first.user_claim + " " + first.role_claim, "name groups");
    EXPECT_EQ(first.leeway, std::chrono::seconds(5));
    EXPECT_EQ(first.place.line, 11U);
    EXPECT_EQ(auth.jwt[1].leeway, std::chrono::seconds(30));
}

TEST(ConfigLoader, AuthDefaultsAreThoseOfTheStruct) {
    const AuthConfig auth = read("[auth]\npasswords_file = \"\"\n").auth.value();

    EXPECT_EQ(auth.cookie, "rtbridge");
    EXPECT_FALSE(auth.token_in_url);
    EXPECT_EQ(auth.passwords_file.value, "");
    EXPECT_FALSE(auth.mqtt);
    EXPECT_TRUE(auth.roles.empty());
    EXPECT_TRUE(auth.jwt.empty());
}

TEST(ConfigLoader, RefusesInAuth) {
    expect_refusals(
        {
            {"anonymous = true", "2:13: error: anonymous must be a string, not a boolean"},
            {"anonymous = \"viewer\"",
             "2:13: error: anonymous = \"viewer\" is not known; write \"deny\" or "
             "\"role:<name>\", like \"role:viewer\""},
            {"anonymous = \"role:\"",
             "2:13: error: anonymous = \"role:\" is not known; write \"deny\" or "
             "\"role:<name>\", like \"role:viewer\""},
            {"anonymus = \"deny\"",
             "2:1: error: unknown key \"anonymus\" in [auth]; did you mean \"anonymous\"?"},
            {"jtw = []", "2:1: error: unknown key \"jtw\" in [auth]; did you mean \"jwt\"?"},
            {"cookie = \"\"",
             "2:10: error: cookie = \"\" is not a cookie name; write 1 to 64 letters, digits, '_' "
             "or '-', like \"rtbridge\""},
            {"cookie = \"a;b\"",
             "2:10: error: cookie = \"a;b\" is not a cookie name; write 1 to 64 letters, digits, "
             "'_' or '-', like \"rtbridge\""},
            {"mqtt = \"yes\"", "2:8: error: mqtt must be true or false, not a string"},
            {"token_in_url = 1", "2:16: error: token_in_url must be true or false, not an integer"},
            {"passwords_file = []", "2:18: error: passwords_file must be a string, not an array"},
            {"passwords_file = \"a\\u0000b\"",
             "2:18: error: passwords_file is not a file name; remove the NUL"},
            {"[auth.role]",
             "2:7: error: auth.role must be a list of tables; write [[auth.role]] with two "
             "brackets"},
            {"jwt = [1]", "2:8: error: each auth.jwt must be a table, not an integer"},
        },
        "[auth]\n");
}

TEST(ConfigLoader, RefusesInAnAuthRole) {
    expect_refusals(
        {
            {"user = \"a\"",
             "1:1: error: [[auth.role]] has no role; add one like role = \"operator\""},
            {"role = \"a\"", "1:1: error: [[auth.role]] has no user; add one like user = \"anna\""},
            {"user = \"\"\nrole = \"a\"",
             "2:8: error: user is empty; write something like user = \"anna\""},
            {"user = 7\nrole = \"a\"", "2:8: error: user must be a string, not an integer"},
            {"user = \"a\"\nrole = \"a b\"",
             "3:8: error: role = \"a b\" is not a name; write 1 to 64 letters, digits, '_', '.' "
             "or '-'"},
            {"user = \"a\"\nrole = \"a\"\nrolle = \"b\"",
             "4:1: error: unknown key \"rolle\" in [[auth.role]]; did you mean \"role\"?"},
        },
        "[[auth.role]]\n");
}

TEST(ConfigLoader, RefusesInAnAuthJwt) {
    expect_refusals(
        {
            {"algorithms = [\"HS256\"]",
             "1:1: error: [[auth.jwt]] has no keys_file; add one like keys_file = "
             "\"/etc/rtbridge/key\""},
            {"keys_file = \"k\"",
             "1:1: error: [[auth.jwt]] has no algorithms; say which may sign, like algorithms = "
             "[\"HS256\"]"},
            {"keys_file = \"k\"\nalgorithms = []",
             "3:14: error: algorithms is empty; say which may sign, like [\"HS256\"]"},
            {"keys_file = \"k\"\nalgorithms = \"HS256\"",
             "3:14: error: algorithms must be an array of strings, not a string"},
            {"keys_file = \"k\"\nalgorithms = [\"HS255\"]",
             "3:15: error: algorithm \"HS255\" is not known; did you mean \"HS256\"?"},
            {"keys_file = \"k\"\nalgorithms = [\"none\"]",
             "3:15: error: algorithm \"none\" is not known; write one of HS256 HS384 HS512 RS256 "
             "RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512"},
            {"keys_file = \"k\"\nalgorithms = [\"EdDSA\"]",
             "3:15: error: algorithm \"EdDSA\" cannot be verified: cjose, which verifies tokens "
             "here, has none; use ES256"},
            {"keys_file = \"k\"\nalgorithms = [\"RS256\", \"HS256\"]",
             "3:14: error: algorithms mixes HS (a shared secret) with algorithms of key pairs, "
             "which invites forged tokens; write two [[auth.jwt]], each with its keys_file"},
            {"keys_file = \"\"\nalgorithms = [\"HS256\"]",
             "2:13: error: keys_file is empty; write something like keys_file = "
             "\"/etc/rtbridge/key\""},
            {"keys_file = \"k\"\nalgorithms = [\"HS256\"]\nleeway = \"11m\"",
             "4:10: error: leeway = \"11m\" is out of range; write a value from 0s to 10m"},
            {"keys_file = \"k\"\nalgorithms = [\"HS256\"]\nuser_claim = \"\"",
             "4:14: error: user_claim is empty; write the name of a claim, like \"sub\""},
            {"keys_file = \"k\"\nalgorithms = [\"HS256\"]\nkey_file = \"\"",
             "4:1: error: unknown key \"key_file\" in [[auth.jwt]]; did you mean "
             "\"keys_file\"?"},
        },
        "[[auth.jwt]]\n");
}

TEST(ConfigLoader, RefusesInLimits) {
    expect_refusals(
        {
            {"connections = 0",
             "2:15: error: connections = 0 is out of range; write a value from 1 to 1000000"},
            {"connections = -1",
             "2:15: error: connections = -1 is out of range; write a value from 1 to 1000000"},
            {"connections = 4294967297",
             "2:15: error: connections = 4294967297 is out of range; write a value from 1 to "
             "1000000"},
            {"connections = 1.0", "2:15: error: connections must be an integer, not a float"},
            {"connections = \"10\"", "2:15: error: connections must be an integer, not a string"},
            {"connections_per_ip = -1",
             "2:22: error: connections_per_ip = -1 is out of range; write a value from 0 to "
             "1000000"},
            {"handshake_timeout = 5",
             "2:21: error: handshake_timeout must be a duration in quotes like \"5s\", not an "
             "integer"},
            {"handshake_timeout = \"5\"",
             "2:21: error: handshake_timeout = \"5\" is not a duration; write a whole number and "
             "ms, s, m or h, like \"250ms\""},
            {"handshake_timeout = \"99ms\"",
             "2:21: error: handshake_timeout = \"99ms\" is out of range; write a value from 100ms "
             "to 10m"},
            {"ping_interval = \"999ms\"",
             "2:17: error: ping_interval = \"999ms\" is out of range; write a value from 1s to 1h"},
            {"header = 16384",
             "2:10: error: header must be a size in quotes like \"64KiB\", not an integer"},
            {"header = \"16 KiB\"",
             "2:10: error: header = \"16 KiB\" is not a size; write a whole number and B, KiB, "
             "MiB or GiB, like \"64KiB\""},
            {"header = \"1023B\"",
             "2:10: error: header = \"1023B\" is out of range; write a value from 1KiB to 1MiB"},
            {"header = \"2MiB\"",
             "2:10: error: header = \"2MiB\" is out of range; write a value from 1KiB to 1MiB"},
            {"frame = \"127B\"",
             "2:9: error: frame = \"127B\" is out of range; write a value from 128B to 16MiB"},
            {"body = \"1B\"",
             "2:8: error: body = \"1B\" is out of range; write a value from 128B to 64MiB"},
            {"requests_per_second = 0",
             "2:23: error: requests_per_second = 0 is out of range; write a value from 1 to "
             "1000000"},
            {"subscriptions = 0",
             "2:17: error: subscriptions = 0 is out of range; write a value from 1 to 65536"},
            {"mailbox = 15",
             "2:11: error: mailbox = 15 is out of range; write a value from 16 to 16777216"},
            {"history_bytes = \"1KiB\"",
             "2:17: error: history_bytes = \"1KiB\" is out of range; write a value from 64KiB to "
             "1024GiB"},
            {"password_time = \"2s\"",
             "2:17: error: password_time = \"2s\" is out of range; write a value from 1ms to 1s"},
            {"drain_time = \"2m\"",
             "2:14: error: drain_time = \"2m\" is out of range; write a value from 0s to 1m"},
            {"queue = \"1MiB\"",
             "2:9: error: queue must be a table like { soft = \"256KiB\" }, not a string"},
            {"queue = { soft = \"2MiB\", hard = \"1MiB\" }",
             "2:18: error: soft (2MiB) is above hard (1MiB); lower soft or raise hard"},
            {"queue = { soft = \"2MiB\" }",
             "2:18: error: soft (2MiB) is above hard (1MiB by default); lower soft or raise hard"},
            {"queue = { hard = \"64KiB\" }",
             "2:18: error: soft (256KiB by default) is above hard (64KiB); lower soft or raise "
             "hard"},
            {"queue = { close_after = \"1ms\" }",
             "2:25: error: close_after = \"1ms\" is out of range; write a value from 100ms to 1h"},
            {"queue = { sotf = \"1MiB\" }",
             "2:11: error: unknown key \"sotf\" in [limits] queue; did you mean \"soft\"?"},
            {"conections = 1",
             "2:1: error: unknown key \"conections\" in [limits]; did you mean \"connections\"?"},
        },
        "[limits]\n");
}

TEST(ConfigLoader, RefusesARuleWithoutNameOrTopics) {
    expect_refusals({
        {"[[rule]]\ntopics = [\"a\"]",
         "1:1: error: rule has no name; add one like name = \"battery\""},
        {"[[rule]]\nname = \"a\"",
         "1:1: error: rule has no topics; add some like topics = [\"battery/#\"]"},
        {"rule = [{ name = \"a\" }]",
         "1:9: error: rule has no topics; add some like topics = [\"battery/#\"]"},
        {"[[rule]]\nname = 1\ntopics = [\"a\"]",
         "2:8: error: name must be a string, not an integer"},
        {"[[rule]]\nname = \"\"\ntopics = [\"a\"]",
         "2:8: error: name = \"\" is not a name; write 1 to 64 letters, digits, '_', '.' or '-'"},
        {"[[rule]]\nname = \"a b\"\ntopics = [\"a\"]",
         "2:8: error: name = \"a b\" is not a name; write 1 to 64 letters, digits, '_', '.' or "
         "'-'"},
        {"[[rule]]\nname = \"a\"\ntopics = []",
         "3:10: error: topics is empty; name at least one topic filter"},
        {"[[rule]]\nname = \"a\"\ntopics = \"a\"",
         "3:10: error: topics must be an array of strings, not a string"},
        {"[[rule]]\nname = \"a\"\ntopics = [\"a\", 1]",
         "3:16: error: each entry of topics must be a string, not an integer"},
    });
}

TEST(ConfigLoader, RefusesInARule) {
    expect_refusals(
        {
            {"key = 1", "4:7: error: key must be a string, not an integer"},
            {"on_invalid = \"ignore\"",
             "4:14: error: on_invalid = \"ignore\" is not known; write \"pass\", \"drop\" or "
             "\"quarantine\""},
            {"fields = 1",
             "4:10: error: fields must be a table like { soc = \"number 0..100\" }, "
             "not an integer"},
            {"fields = { soc = 1 }", "4:18: error: soc must be a string, not an integer"},
            {"fields = { soc = \"number 2..1\" }",
             "4:18: error: soc = \"number 2..1\" has a range that ends before it begins"},
            {"fields = { \"a..b\" = \"number\" }",
             "4:12: error: fields = \"a..b\" is not a path; write a field like \"batteryPower\" or "
             "\"battery.power\""},
            {"battery = true", "4:11: error: battery must be a table like {}, not a boolean"},
            {"battery = { power = 1 }", "4:21: error: power must be a string, not an integer"},
            {"battery = { power = \"\" }",
             "4:21: error: power = \"\" is not a path; write a field like \"batteryPower\" or "
             "\"battery.power\""},
            {"battery = { percent = \"a..b\" }",
             "4:23: error: percent = \"a..b\" is not a path; write a field like \"batteryPower\" "
             "or \"battery.power\""},
            {"battery = { positive = \"up\" }",
             "4:24: error: positive = \"up\" is not known; write \"charging\" or \"discharging\""},
            {"battery = { idle_below = -1 }",
             "4:26: error: idle_below must be 0 or a positive number"},
            {"battery = { idle_below = nan }",
             "4:26: error: idle_below must be 0 or a positive number"},
            {"battery = { idle_below = inf }",
             "4:26: error: idle_below must be 0 or a positive number"},
            {"battery = { idle_below = \"1\" }",
             "4:26: error: idle_below must be a number, not a string"},
            {"battery = { pwer = \"p\" }",
             "4:13: error: unknown key \"pwer\" in rule \"r\" battery; did you mean \"power\"?"},
            {"set = 1",
             "4:7: error: set must be a table like { site = \"{site}\" }, not an integer"},
            {"set = { d = 2026-01-01 }",
             "4:13: error: JSON has no type for a date; write it in quotes"},
            {"set = { l = [ { t = 10:00:00 } ] }",
             "4:21: error: JSON has no type for a time; write it in quotes"},
            {"set = { d = 2026-01-01T10:00:00Z }",
             "4:13: error: JSON has no type for a date-time; write it in quotes"},
            {"set = { n = nan }", "4:13: error: JSON has neither inf nor nan; write a number"},
            {"mqtt = \"off\"",
             "4:8: error: mqtt = \"off\" is not known; write \"keep\", \"replace\" or "
             "\"publish:<topic>\""},
            {"mqtt = \"publish:\"",
             "4:8: error: mqtt = \"publish:\" is not known; write \"keep\", \"replace\" or "
             "\"publish:<topic>\""},
            {"history = {}",
             "4:11: error: history has neither last nor for; write how many updates of each topic "
             "and key, or for how long, like { last = 100, for = \"10m\" }"},
            {"history = 100",
             "4:11: error: history must be a table like { last = 100, for = \"10m\" }, not an "
             "integer"},
            {"history = { last = 0 }",
             "4:20: error: last = 0 is out of range; write a value from 1 to 100000"},
            {"history = { last = 100001 }",
             "4:20: error: last = 100001 is out of range; write a value from 1 to 100000"},
            {"history = { for = 10 }",
             "4:19: error: for must be a duration in quotes like \"5s\", not an integer"},
            {"history = { for = \"0s\" }",
             "4:19: error: for = \"0s\" is out of range; write a value from 1s to 8784h"},
            {"history = { lats = 1 }",
             "4:11: error: history has neither last nor for; write how many updates of each topic "
             "and key, or for how long, like { last = 100, for = \"10m\" }\n"
             "4:13: error: unknown key \"lats\" in rule \"r\" history; did you mean \"last\"?"},
            {"browser = 1",
             "4:11: error: browser must be a table like { max_rate = \"10/s\" }, not an integer"},
            {"browser = { event = 1 }", "4:21: error: event must be a string, not an integer"},
            {"browser = { event = \"\" }",
             "4:21: error: event = \"\" is empty; write a name like \"sensor:data\""},
            {"browser = { event = \"a\\nb\" }",
             "4:21: error: event = \"a\\x0ab\" holds a control character"},
            {"browser = { event = \"disconnect\" }",
             "4:21: error: event = \"disconnect\" is an event of Socket.IO itself; choose another "
             "name"},
            {"browser = { body = { at = 10:00:00 } }",
             "4:27: error: JSON has no type for a time; write it in quotes"},
            {"browser = { max_rate = 10 }",
             "4:24: error: max_rate must be a string, not an integer"},
            {"browser = { max_rate = \"10\" }",
             "4:24: error: max_rate = \"10\" is not a rate; write how many in which time, like "
             "\"10/s\", \"30/min\" or \"1/10s\", from one a day to 1000 a second"},
            {"browser = { deadband = 5 }",
             "4:24: error: deadband must be a table like { batteryPower = 5 }, not an integer"},
            {"browser = { deadband = { a = 0 } }", "4:30: error: a must be a positive number"},
            {"browser = { deadband = { a = -1 } }", "4:30: error: a must be a positive number"},
            {"browser = { deadband = { a = nan } }", "4:30: error: a must be a positive number"},
            {"browser = { deadband = { a = \"5\" } }",
             "4:30: error: a must be a number, not a string"},
            {"browser = { deadband = { \"a..b\" = 5 } }",
             "4:26: error: deadband = \"a..b\" is not a path; write a field like "
             "\"batteryPower\" or \"battery.power\""},
            {"browser = { maxrate = \"1/s\" }",
             "4:13: error: unknown key \"maxrate\" in rule \"r\" browser; did you mean "
             "\"max_rate\"?"},
            {"tpoics = []",
             "4:1: error: unknown key \"tpoics\" in rule \"r\"; did you mean "
             "\"topics\"?"},
            {"histroy = 1",
             "4:1: error: unknown key \"histroy\" in rule \"r\"; did you mean "
             "\"history\"?"},
        },
        "[[rule]]\nname = \"r\"\ntopics = [\"t\"]\n");
}

TEST(ConfigLoader, RefusesTwoRulesOfOneName) {
    EXPECT_EQ(mistakes("[[rule]]\nname = \"a\"\ntopics = [\"a\"]\n"
                       "[[rule]]\nname = \"a\"\ntopics = [\"b\"]\n"),
              "5:8: error: rule \"a\" exists already at test.toml:2; choose another name\n");
}

TEST(ConfigLoader, ReportsEveryMistakeInOneRunInFileOrder) {
    EXPECT_EQ(mistakes("version = 3\n"
                       "[[rule]]\n"
                       "topics = [7]\n"
                       "mqtt = \"x\"\n"
                       "[listener]\n"
                       "bind = \"x\"\n"
                       "prot = 1\n"
                       "[limits]\n"
                       "password_time = \"2s\"\n"
                       "frame = \"x\"\n"),
              "1:11: error: version 3 of the file format is not known here; write version = 1\n"
              "2:1: error: rule has no name; add one like name = \"battery\"\n"
              "3:11: error: each entry of topics must be a string, not an integer\n"
              "4:8: error: mqtt = \"x\" is not known; write \"keep\", \"replace\" or "
              "\"publish:<topic>\"\n"
              "6:8: error: bind = \"x\" is not an address and port from 0 to 65535; write "
              "\"127.0.0.1:8080\", \"[::1]:8080\" or \"localhost:8080\"\n"
              "7:1: error: unknown key \"prot\" in [listener]; remove it\n"
              "9:17: error: password_time = \"2s\" is out of range; write a value from 1ms to 1s\n"
              "10:9: error: frame = \"x\" is not a size; write a whole number and B, KiB, MiB or "
              "GiB, like \"64KiB\"\n");
}

TEST(ConfigLoader, ASyntaxErrorIsToldWithItsPlace) {
    const Refusal cases[] = {
        // the rest of the message is the words of toml++
        {"a = ", "1:5: error: syntax error while parsing"},
        {"version = 1\nversion = 1", "2:11: error: syntax error while parsing"},
        {"k = 'ä' x", "1:10: error: syntax error while parsing"},
        {"a = \"\xFF\"", "1:5: error: syntax error: encountered invalid utf-8"},
        {"[a", "1:3: error: syntax error while parsing"},
        {"a = \"x\n\"", "1:7: error: syntax error while parsing"},
    };
    for (const Refusal& c : cases) {
        EXPECT_THAT(mistakes(c.text), testing::StartsWith(std::string(c.mistake))) << c.text;
    }
}

TEST(ConfigLoader, AMessageIsOneLineWhateverTheFileHolds) {
    const std::string text = mistakes("\"a\\nb\\u001b\" = 1\n\"a\\nb\\u001b\" = 2\n");

    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ConfigLoader, RefusesNestingThatWouldOverrunTheStack) {
    std::string text = "[a";
    for (int i = 0; i < 500'000; ++i) text += ".a";

    EXPECT_EQ(mistakes(text + "]"),
              "1:65: error: nested more than 32 levels deep; no key of this file needs that\n");
}

TEST(ConfigLoader, RefusesInSocketIoAndSse) {
    expect_refusals(
        {
            {"path = 1", "2:8: error: path must be a string, not an integer"},
            {"path = \"/socket.io\"",
             "2:8: error: path = \"/socket.io\" is not the path of a URL that begins and ends with "
             "'/'; write one like \"/socket.io/\""},
            {"path = \"/\"",
             "2:8: error: path = \"/\" is not the path of a URL that begins and ends with '/'; "
             "write one like \"/socket.io/\""},
            {"path = \"/a b/\"",
             "2:8: error: path = \"/a b/\" is not the path of a URL that begins and ends with "
             "'/'; write one like \"/socket.io/\""},
            {"path = \"//a/\"",
             "2:8: error: path = \"//a/\" is not the path of a URL that begins and ends with "
             "'/'; write one like \"/socket.io/\""},
            {"ping_interval = 25",
             "2:17: error: ping_interval must be a duration in quotes like \"5s\", not an integer"},
            {"ping_timeout = \"0s\"",
             "2:16: error: ping_timeout = \"0s\" is out of range; write a value from 100ms to 1h"},
            {"connect_timeout = \"2h\"",
             "2:19: error: connect_timeout = \"2h\" is out of range; write a value from 100ms to "
             "1h"},
            {"max_payload = \"1B\"",
             "2:15: error: max_payload = \"1B\" is out of range; write a value from 1000B to "
             "64MiB"},
            {"body = { at = 10:00:00 }",
             "2:15: error: JSON has no type for a time; write it in quotes"},
            {"pathh = \"/a/\"",
             "2:1: error: unknown key \"pathh\" in [socketio]; did you mean \"path\"?"},
        },
        "[socketio]\n");
    expect_refusals(
        {
            {"body = [nan]", "2:9: error: JSON has neither inf nor nan; write a number"},
            {"bodi = {}", "2:1: error: unknown key \"bodi\" in [sse]; did you mean \"body\"?"},
        },
        "[sse]\n");
}

TEST(ConfigLoader, ReadsBodiesEventsAndSocketIo) {
    using namespace std::chrono_literals;
    const Config config = read(R"(
[socketio]
path = "/live/socket.io/"
ping_interval = "300ms"
ping_timeout = "200ms"
connect_timeout = "1s"
max_payload = "1MB"
body = { z = "{now}", a = "{payload}" }
[sse]
body = "{payload_text}"
[[rule]]
name = "r"
topics = ["a"]
[rule.browser]
event = "sensor:data"
body = [1, "{payload.x}"]
)");

    EXPECT_EQ(config.socketio.path, "/live/socket.io/");
    EXPECT_EQ(config.socketio.ping_interval, 300ms);
    EXPECT_EQ(config.socketio.ping_timeout, 200ms);
    EXPECT_EQ(config.socketio.connect_timeout, 1s);
    EXPECT_EQ(config.socketio.max_payload_bytes, 1'000'000U);
    const auto& body = std::get<TemplateSource::Object>(config.socketio.body.value().value);
    ASSERT_EQ(body.size(), 2U);
    EXPECT_EQ(body[0].first, "z");
    EXPECT_EQ(std::get<std::string>(config.sse.body.value().value), "{payload_text}");
    EXPECT_EQ(config.sse.body->place.line, 10U);
    EXPECT_EQ(config.rules.at(0).browser.event, "sensor:data");
    EXPECT_EQ(std::get<TemplateSource::Array>(config.rules[0].browser.body.value().value).size(),
              2U);
}

}  // namespace
}  // namespace rtbridge
