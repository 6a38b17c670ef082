#include "ctl/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "config/config_loader.h"

namespace rtbridge {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* battery = R"([[rule]]
name = "battery"
topics = ["battery/#"]
key = "{payload.id}"
fields = { soc = "number 0..100" }
battery = { power = "p" }
mqtt = "replace"
on_invalid = "quarantine"
[[rule]]
name = "live"
topics = ["battery/+"]
mqtt = "publish:live/{payload.id}"
browser = { event = "e", body = { at = "{now_ms}" } }
)";

constexpr const char* recording =
    "battery/1 {\"id\":\"a\",\"soc\":50,\"p\":1}\n"
    "this-is-no-message\n"
    "{\"topic\":\"battery/2\",\"tst\":1700000000,\"payload\":{\"id\":\"b\",\"soc\":120,\"p\":1}}\n"
    "{\"topic\":\"battery/3\",\"tst\":1700000000,\"payload\":{\"id\":\"c\",\"soc\":1,\"p\":-1}}\n"
    "other 1\n";

struct Replay {
    Replay(const std::string& toml, const std::string& messages, ReplayOptions options) {
        Diagnostics diagnostics;
        const auto config = parse_config(toml, "x", diagnostics);
        const auto rules = config ? RuleSet::compile(*config, diagnostics) : nullptr;
        for (const Diagnostic& each : diagnostics.sorted()) ADD_FAILURE() << to_line(each);
        std::istringstream in(messages);
        std::ostringstream out_stream;
        std::ostringstream err_stream;
        if (rules) count = replay(*rules, in, options, out_stream, err_stream);
        out = out_stream.str();
        err = err_stream.str();
    }
    std::uint64_t count = 0;
    std::string out, err;
};

TEST(Replay, ShowsWhatEachMessageBecomes) {
    const Replay replay(battery, recording, {});

    EXPECT_EQ(replay.count, 4U);
    EXPECT_THAT(
        replay.out,
        HasSubstr(
            "1 battery/1: battery ok, live ok\n"
            "  mqtt {\"id\":\"a\",\"soc\":50,\"p\":1,\"state\":\"Charging\"}\n"
            "  publish live/a {\"id\":\"a\",\"soc\":50,\"p\":1,\"state\":\"Charging\"}\n"
            "  browsers battery/1 id=a {\"id\":\"a\",\"soc\":50,\"p\":1,\"state\":\"Charging\"}\n"
            "  browsers live/a event e {\"at\":"));
    EXPECT_THAT(replay.out,
                HasSubstr("3 battery/2: battery invalid (range: soc is 120, above 100)\n"
                          "  quarantined rtbridge/quarantine/battery\n"));
    EXPECT_THAT(replay.out, HasSubstr("browsers live/c event e {\"at\":1700000000000}\n"))
        << "the time is that of the recording";
    EXPECT_THAT(replay.out, HasSubstr("5 other: no rule\n"));
}

TEST(Replay, SaysWhichLinesAreNoMessagesAndGoesOn) {
    const Replay replay(battery, recording, {});

    EXPECT_EQ(replay.err, "line 2: has no payload behind the topic; is it of mosquitto_sub -v?\n");
    EXPECT_THAT(replay.out, HasSubstr("4 messages, 1 matched by no rule, 1 bad line\n"));
}

TEST(Replay, CountsByRuleAndReason) {
    const Replay replay(battery, recording, {.show = ReplayOptions::Show::Summary});

    EXPECT_THAT(replay.out, Not(HasSubstr("battery/1")));
    EXPECT_THAT(replay.out, testing::ContainsRegex("battery +3 +2 +1 +0 +1 +[0-9.]+\n  1 range\n"));
    EXPECT_THAT(replay.out, testing::ContainsRegex("live +2 +2 +0 +0 +0 +[0-9.]+\n"));
}

TEST(Replay, TellsDroppedFromQuarantined) {
    const Replay replay(
        "[[rule]]\nname=\"a\"\ntopics=[\"a\"]\nfields={x=\"number\"}\non_invalid=\"drop\"\n",
        "a {}\na {\"x\":\"y\"}\n", {.form = ReplayOptions::Form::Text});

    EXPECT_THAT(replay.out, HasSubstr("1 a: a invalid (missing: x is missing)\n  dropped\n"));
    EXPECT_THAT(replay.out, testing::ContainsRegex("a +2 +0 +2 +2 +0 .*\n  1 missing\n  1 type\n"));
}

TEST(Replay, GivesTheSameAsJson) {
    const Replay replay(battery, recording, {.form = ReplayOptions::Form::Json});
    std::istringstream lines(replay.out);
    std::vector<json> objects;
    for (std::string line; std::getline(lines, line);) objects.push_back(json::parse(line));

    ASSERT_EQ(objects.size(), 5U);
    EXPECT_EQ(objects[0].at("line"), 1);
    EXPECT_EQ(objects[0].at("mqtt"), "replaced");
    EXPECT_EQ(json::parse(objects[0].at("payload").get<std::string>()).at("state"), "Charging");
    EXPECT_EQ(objects[0].at("publishes").at(0).at("topic"), "live/a");
    EXPECT_EQ(objects[0].at("browsers").at(0).at("key").at("id"), "a");
    EXPECT_EQ(objects[1].at("mqtt"), "quarantined");
    EXPECT_EQ(objects[1].at("rules").at(0), (json{{"rule", "battery"},
                                                  {"ok", false},
                                                  {"reason", "range"},
                                                  {"message", "soc is 120, above 100"}}));
    EXPECT_EQ(objects[3].at("rules"), json::array());
    const json& summary = objects[4].at("summary");
    EXPECT_EQ(summary.at("messages"), 4);
    EXPECT_EQ(summary.at("bad_lines"), 1);
    EXPECT_EQ(summary.at("rules").at("battery").at("invalid_by"), (json{{"range", 1}}));
    EXPECT_EQ(summary.at("rules").at("battery").at("quarantined"), 1);
}

TEST(Replay, KeepsBytesThatAreNoTextInBase64) {
    const Replay replay("[[rule]]\nname=\"a\"\ntopics=[\"a\"]\n",
                        "{\"topic\":\"a\",\"payload_b64\":\"AP8=\"}\n",
                        {.form = ReplayOptions::Form::Json});

    EXPECT_THAT(replay.out, HasSubstr(R"("json":false,"payload_b64":"AP8=")"));
}

TEST(Replay, KeepsControlCharactersOffTheTerminal) {
    const Replay replay("[[rule]]\nname=\"a\"\ntopics=[\"#\"]\n", "a \x1b[31m\n\x1b[31m 1\n", {});

    EXPECT_THAT(replay.out + replay.err, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace rtbridge
