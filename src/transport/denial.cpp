#include "transport/denial.h"

#include <string>

#include "config/in_quotes.h"

namespace rtbridge {

void report_denial(const ApiContext& context, const Identity& who, std::string_view what,
                   const AclRuleConfig* rule) {
    context.metrics.denied_browsers.add();
    std::string line = "rtbridge: denied to ";
    line += who.user.empty() ? "a browser without login" : "user " + in_quotes(who.user);
    line += " at " + who.address + ": ";
    line += what;
    line += rule == nullptr
                ? ", no rule allows it"
                : ", by the rule at " + rule->place.file + ":" + std::to_string(rule->place.line);
    context.refusals.write(LogLevel::Notice, line, context.clock.now());
}

void report_refused_login(const ApiContext& context, std::string_view user,
                          std::string_view address, std::string_view reason) {
    context.metrics.logins_refused.add();
    std::string line = "rtbridge: login ";
    if (!user.empty()) line += "of " + in_quotes(user) + " ";
    line += "refused to a browser at ";
    line.append(address).append(": ").append(reason);
    context.refusals.write(LogLevel::Notice, line, context.clock.now());
}

void report_refused_request(const ApiContext& context, const RequestFacts& request,
                            std::string_view reason) {
    context.metrics.denied_browsers.add();
    std::string line =
        "rtbridge: request from " + request.client_address + " to host " + in_quotes(request.host);
    if (request.origin) line += ", origin " + in_quotes(*request.origin);
    line.append(" refused: ").append(reason);
    context.refusals.write(LogLevel::Notice, line, context.clock.now());
}

}  // namespace rtbridge
