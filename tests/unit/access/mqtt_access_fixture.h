#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "access/mqtt_access.h"
#include "access/private_folder.h"
#include "access/token_mint.h"
#include "config/config_loader.h"
#include "config/config_text.h"
#include "fakes/fake_clock.h"

// A broker's questions in a line each.

namespace rtbridge {

class RecordingLog final : public LogSink {
public:
    void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
    [[nodiscard]] std::size_t count(std::string_view text) const {
        return static_cast<std::size_t>(std::count_if(
            lines.begin(), lines.end(),
            [text](const std::string& line) { return line.find(text) != std::string::npos; }));
    }
    std::vector<std::string> lines;
};

class MqttAccessTest : public testing::Test {
protected:
    // A place in the broker's memory; the broker uses it again.
    using Place = const void*;
    static constexpr char places[4] = {};
    static constexpr Place p1 = &places[0], p2 = &places[1], p3 = &places[2];

    // With this configuration from now on; mistakes fail the test. KEY stands for a file with the
    // key of token().
    void adopt(std::string text) {
        if (const auto at = text.find("KEY"); at != std::string::npos) {
            text.replace(at, 3, folder.write("key", secret));
        }
        Diagnostics diagnostics;
        const std::optional<Config> config = parse_config(text, "access.toml", diagnostics);
        ASSERT_TRUE(config) << to_test_text(diagnostics);
        auto compiled = std::make_shared<Access>();
        compiled->authenticator = Authenticator::create(*config, diagnostics);
        compiled->policy = Policy::compile(*config, diagnostics);
        ASSERT_FALSE(diagnostics.has_errors()) << to_test_text(diagnostics);
        access.adopt(compiled, *config);
    }

    static MqttClient client(Place place, std::string_view id, std::string_view user = "",
                             std::string_view address = "192.0.2.7") {
        return {.connection = place, .id = id, .user = user, .address = address};
    }
    // What a token of `user` says; `more` are further claims, with a comma before them.
    [[nodiscard]] std::string token(const std::string& user, int seconds = 3600,
                                    const std::string& more = "") const {
        const std::string claims = "{\"sub\":\"" + user + "\",\"exp\":" +
                                   std::to_string(clock.unix_ms() / 1000 + seconds) + more + "}";
        return sign_hmac(R"({"alg":"HS256"})", claims, secret);
    }
    bool publish(const MqttClient& who, std::string_view topic) {
        return access.allows(who, MqttRequest::Publish, topic);
    }
    bool receive(const MqttClient& who, std::string_view topic) {
        return access.allows(who, MqttRequest::Receive, topic);
    }
    bool subscribe(const MqttClient& who, std::string_view filter) {
        return access.allows(who, MqttRequest::Subscribe, filter);
    }

    static constexpr const char* tokens =
        "[auth]\nmqtt = true\nanonymous = \"role:guest\"\n"
        "[[auth.jwt]]\nalgorithms = [\"HS256\"]\nkeys_file = \"KEY\"\nleeway = \"0s\"\n";
    static constexpr const char* own_topics =
        "[[acl.rule]]\nallow = [\"publish\", \"receive\", \"subscribe\"]\n"
        "topics = [\"own/{user}\"]\n";
    static constexpr const char* operators =
        "[[acl.rule]]\nrole = \"operator\"\nallow = [\"publish\", \"publish_retained\"]\n"
        "topics = [\"ops\"]\n";
    static constexpr const char* operator_role = ",\"roles\":[\"operator\"]";

    PrivateFolder folder;
    FakeClock clock;
    RecordingLog log;
    Metrics metrics;
    LoginThrottle throttle;
    std::map<Place, std::string> certificates;
    MqttAccess access{{throttle, metrics, clock, log, [this](Place place) {
                           const auto it = certificates.find(place);
                           return it == certificates.end() ? std::string() : it->second;
                       }}};

private:
    static constexpr const char* secret = "0123456789abcdef0123456789abcdef";
};

}  // namespace rtbridge
