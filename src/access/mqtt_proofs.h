#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "access/authenticator.h"
#include "access/login_cache.h"
#include "access/login_throttle.h"
#include "access/mqtt_clients.h"
#include "base/clock.h"
#include "config/config.h"
#include "handoff/metrics.h"

namespace rtbridge {

struct MqttProof {
    Login login;
    // Authenticator::password_record() of a password that was right; 0: of anything else.
    std::uint64_t password_record = 0;
};

// How MQTT clients prove who they are: by the token or password of their CONNECT, by the
// certificate that the broker verified, or not at all where anonymous clients have a role.
//
// Thread: one at a time; the owner locks.
class MqttProofs {
public:
    struct Dependencies {  // all outlive this
        LoginThrottle& throttle;
        Metrics& metrics;
        const Clock& clock;
        // Empty: the connection has no certificate.
        const std::function<std::string(const void* connection)>& certificate_name;
    };
    explicit MqttProofs(const Dependencies& dependencies) : deps_(dependencies) {}

    // From now on by these. Before any proof.
    void adopt(std::shared_ptr<const Authenticator> authenticator, const LimitsConfig& limits);

    // A login that may be a guess: its address waits its turn. Takes up to limits.password_time.
    [[nodiscard]] MqttProof first(const MqttClient& client, std::string_view password);
    // The very login that was accepted before, with what first() said of the password: while that
    // is the record of the user, it is right without another hash. At a reload the broker asks
    // about all its clients in one go.
    [[nodiscard]] MqttProof again(const MqttClient& client, std::string_view password,
                                  std::uint64_t accepted_record);

private:
    [[nodiscard]] MqttProof by_password(const MqttClient& client, std::string_view password,
                                        std::uint64_t accepted_record);

    Dependencies deps_;
    std::shared_ptr<const Authenticator> authenticator_;
    std::uint32_t logins_per_minute_ = 0;
    std::chrono::milliseconds password_time_{};
    LoginCache cache_;
};

}  // namespace rtbridge
