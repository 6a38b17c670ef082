#pragma once

#include <memory>
#include <optional>
#include <string>

#include "access/access.h"
#include "access/tls_certificate.h"
#include "config/config.h"
#include "config/diagnostic.h"
#include "rules/rule_set.h"
#include "transport/http_routes.h"

namespace rtbridge {

// A configuration, compiled: what plugin, reload and rtbridgectl all start from.
struct Configuration {
    Config config;
    std::shared_ptr<const RuleSet> rules;
    AccessPtr access;
    std::shared_ptr<const HttpRoutes> http_routes;
    std::shared_ptr<const TlsCertificate> tls;  // null: listener.tls is not set

    // What runs without a file.
    [[nodiscard]] static Configuration built_in();
};

// Reads the file and the key files that it names. Nothing where there is an error; the mistakes of
// all stages are reported either way.
[[nodiscard]] std::optional<Configuration> load_configuration(const std::string& path,
                                                              Diagnostics& diagnostics);

}  // namespace rtbridge
