#include "configuration.h"

#include <fcntl.h>

#include <cerrno>
#include <ctime>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/file_descriptor.h"
#include "config/config_loader.h"
#include "config/exposure.h"
#include "config/in_quotes.h"
#include "rules/rule_review.h"

namespace rtbridge {
namespace {

// Rules that lack what every rule needs, or take a name twice, were reported when they were read.
void drop_unfinished_rules(Config& config) {
    std::set<std::string, std::less<>> names;
    std::erase_if(config.rules, [&](const RuleConfig& rule) {
        return rule.topics.empty() || rule.name.value.empty() ||
               !names.insert(rule.name.value).second;
    });
}

// The files in it are looked for when they are asked for.
void check_www(const Placed<std::string>& www, Diagnostics& diagnostics) {
    if (www.value.empty()) return;
    const FileDescriptor directory(::open(www.value.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (directory.valid()) return;
    diagnostics.error(www.place, "cannot open the directory " + in_quotes(www.value) + ": " +
                                     std::generic_category().message(errno));
}

std::optional<Configuration> compile(Config config, Diagnostics& diagnostics) {
    auto rules = RuleSet::compile(config, diagnostics);
    auto socketio_events = SocketIoEvents::compile(config.socketio, diagnostics);
    auto authenticator = Authenticator::create(config, diagnostics);
    auto policy = Policy::compile(config, diagnostics);
    auto http_routes = HttpRoutes::compile(config, diagnostics);
    if (rules && !diagnostics.has_errors()) {
        RuleReview(config, *rules, diagnostics).run();
        review_requests(config, *rules, diagnostics);
    }
    check_clear_text(config, diagnostics);
    check_www(config.listener.www, diagnostics);
    std::shared_ptr<const TlsCertificate> tls;
    if (config.listener.tls.enabled()) {
        tls = TlsCertificate::load(config.listener.tls, std::time(nullptr), diagnostics);
    }
    if (diagnostics.has_errors() || !rules || !socketio_events || !authenticator || !policy ||
        !http_routes) {
        return std::nullopt;
    }
    auto access =
        std::make_shared<const Access>(Access{std::move(authenticator), std::move(policy)});
    return Configuration{std::move(config), std::move(rules),       std::move(socketio_events),
                         std::move(access), std::move(http_routes), std::move(tls)};
}

}  // namespace

std::optional<Configuration> load_configuration(const std::string& path, Diagnostics& diagnostics) {
    std::optional<Config> config = read_config(path, diagnostics);
    if (!config) return std::nullopt;
    if (diagnostics.has_errors()) drop_unfinished_rules(*config);
    return compile(std::move(*config), diagnostics);
}

Configuration Configuration::built_in() {
    Diagnostics none;
    return *compile(Config::built_in(), none);
}

}  // namespace rtbridge
