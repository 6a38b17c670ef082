#include <utility>

#include "config/in_quotes.h"
#include "config/names.h"
#include "config/sections.h"

namespace rtbridge {

AuthConfig read_auth(TableReader& table) {
    AuthConfig auth;
    Placed<std::string> anonymous;
    if (table.read("anonymous", anonymous) && anonymous.value != "deny") {
        constexpr std::string_view prefix = "role:";
        const std::string_view text = anonymous.value;
        if (text.starts_with(prefix) && is_name(text.substr(prefix.size()))) {
            auth.anonymous_role = text.substr(prefix.size());
        } else {
            table.diagnostics().error(std::move(anonymous.place),
                                      "anonymous = " + in_quotes(text) +
                                          " is not known; write \"deny\" or \"role:<name>\", like "
                                          "\"role:viewer\"");
        }
    }
    table.not_supported_yet({"cookie", "token_in_url", "passwords_file", "mqtt", "role", "jwt"});
    table.report_unknown_keys();
    return auth;
}

}  // namespace rtbridge
