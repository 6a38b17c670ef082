#include <algorithm>
#include <filesystem>
#include <utility>

#include "config/in_quotes.h"
#include "config/names.h"
#include "config/sections.h"
#include "config/suggestion.h"
#include "config/token_algorithm.h"

namespace rtbridge {
namespace {

using namespace std::chrono_literals;

void read_anonymous(TableReader& table, AuthConfig& auth) {
    Placed<std::string> anonymous;
    if (!table.read("anonymous", anonymous) || anonymous.value == "deny") return;
    constexpr std::string_view prefix = "role:";
    const std::string_view text = anonymous.value;
    if (text.starts_with(prefix) && is_name(text.substr(prefix.size()))) {
        auth.anonymous_role = text.substr(prefix.size());
        return;
    }
    table.diagnostics().error(std::move(anonymous.place),
                              "anonymous = " + in_quotes(text) + " is not known; " +
                                  did_you_mean(text, {"deny"},
                                               "write \"deny\" or \"role:<name>\", like "
                                               "\"role:viewer\""));
}

// RFC 6265, 4.1.1: the name of a cookie is a token of HTTP.
bool is_cookie_name(std::string_view text) {
    constexpr std::size_t bytes_max = 64;
    static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && text.size() <= bytes_max &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      others.find(c) != std::string_view::npos;
           });
}

void read_cookie(TableReader& table, AuthConfig& auth) {
    Placed<std::string> cookie;
    if (!table.read("cookie", cookie)) return;
    if (is_cookie_name(cookie.value)) {
        auth.cookie = std::move(cookie.value);
        return;
    }
    table.diagnostics().error(std::move(cookie.place),
                              "cookie = " + in_quotes(cookie.value) +
                                  " is not a cookie name; write 1 to 64 letters, digits, '_' or "
                                  "'-', like \"rtbridge\"");
}

// Reads the name of a file; a relative one means the folder of the configuration file. Empty is
// left empty.
bool read_path(TableReader& table, std::string_view key, Placed<std::string>& target) {
    Placed<std::string> name;
    if (!table.read(key, name)) return false;
    if (name.value.find('\0') != std::string::npos) {
        table.diagnostics().error(std::move(name.place),
                                  std::string(key).append(" is not a file name; remove the NUL"));
        return false;
    }
    if (!name.value.empty()) {
        const std::filesystem::path folder =
            std::filesystem::path(table.document().path()).parent_path();
        name.value = std::filesystem::absolute(folder / name.value).lexically_normal().string();
    }
    target = std::move(name);
    return true;
}

// Of a text that must not be empty. Whether it was there and is one.
bool read_needed(TableReader& table, std::string_view key, std::string_view example,
                 Placed<std::string>& target) {
    if (!table.read(key, target)) {
        // One of the wrong type has been reported.
        if (!table.take(key)) {
            table.diagnostics().error(table.place(), table.title() + " has no " + std::string(key) +
                                                         "; add one like " + std::string(example));
        }
        return false;
    }
    if (!target.value.empty()) return true;
    table.diagnostics().error(
        target.place, std::string(key).append(" is empty; write something like ").append(example));
    return false;
}

void read_role(TableReader& table, std::vector<AuthRoleConfig>& roles) {
    AuthRoleConfig role;
    Placed<std::string> name;
    const bool has_user = read_needed(table, "user", "user = \"anna\"", role.user);
    const bool has_role = read_needed(table, "role", "role = \"operator\"", name);
    table.report_unknown_keys();
    if (has_role && !is_name(name.value)) {
        table.diagnostics().error(
            std::move(name.place),
            "role = " + in_quotes(name.value) +
                " is not a name; write 1 to 64 letters, digits, '_', '.' or '-'");
        return;
    }
    if (!has_user || !has_role) return;
    role.role = std::move(name.value);
    roles.push_back(std::move(role));
}

// One of `algorithms`; what is wrong with it is reported.
const TokenAlgorithm* known_algorithm(const Placed<std::string>& name, Diagnostics& diagnostics) {
    if (const TokenAlgorithm* const known = find_token_algorithm(name.value)) return known;
    std::string message = "algorithm " + in_quotes(name.value);
    if (name.value == "EdDSA" || name.value == "Ed25519") {
        message += " cannot be verified: cjose, which verifies tokens here, has none; use ES256";
    } else if (const auto meant = suggestion(name.value, token_algorithm_names())) {
        message.append(" is not known; did you mean \"").append(*meant).append("\"?");
    } else {
        message += " is not known; write one of";
        for (const std::string_view each : token_algorithm_names())
            message.append(" ").append(each);
    }
    diagnostics.error(name.place, std::move(message));
    return nullptr;
}

void read_algorithms(TableReader& table, JwtConfig& jwt) {
    const std::optional<TomlEntry> entry = table.take("algorithms");
    if (!entry) {
        table.diagnostics().error(
            table.place(),
            "[[auth.jwt]] has no algorithms; say which may sign, like algorithms = [\"HS256\"]");
        return;
    }
    std::vector<Placed<std::string>> names;
    const bool complete = table.read("algorithms", names);
    if (complete && names.empty()) {
        table.error(*entry->node, "algorithms is empty; say which may sign, like [\"HS256\"]");
    }
    bool secret = false;
    bool key_pair = false;
    for (Placed<std::string>& name : names) {
        const TokenAlgorithm* const algorithm = known_algorithm(name, table.diagnostics());
        if (algorithm == nullptr) continue;
        (algorithm->key == KeyType::Secret ? secret : key_pair) = true;
        jwt.algorithms.push_back(std::move(name.value));
    }
    if (secret && key_pair) {
        table.error(*entry->node,
                    "algorithms mixes HS (a shared secret) with algorithms of key pairs, which "
                    "invites forged tokens; write two [[auth.jwt]], each with its keys_file");
    }
}

void read_claim_name(TableReader& table, std::string_view key, std::string& target) {
    Placed<std::string> name;
    if (!table.read(key, name)) return;
    if (name.value.empty()) {
        table.diagnostics().error(
            std::move(name.place),
            std::string(key) + " is empty; write the name of a claim, like " + in_quotes(target));
        return;
    }
    target = std::move(name.value);
}

void read_jwt(TableReader& table, std::vector<JwtConfig>& list) {
    JwtConfig jwt;
    jwt.place = table.place();
    table.read("issuer", jwt.issuer);
    table.read("audience", jwt.audience);
    read_algorithms(table, jwt);
    Placed<std::string> keys_file;
    if (read_needed(table, "keys_file", "keys_file = \"/etc/rtbridge/key\"", keys_file)) {
        read_path(table, "keys_file", jwt.keys_file);
    }
    read_claim_name(table, "user_claim", jwt.user_claim);
    read_claim_name(table, "role_claim", jwt.role_claim);
    table.read_duration("leeway", jwt.leeway, {0ms, 10min});
    table.report_unknown_keys();
    list.push_back(std::move(jwt));
}

// Calls `read` with a reader of each table of `[[auth.<key>]]`.
template <typename Read>
void read_list(TableReader& auth, std::string_view key, Read read) {
    const std::optional<TomlEntry> entry = auth.take(key);
    if (!entry) return;
    const std::string name = "auth." + std::string(key);
    const toml::array* const array = entry->node->as_array();
    if (array == nullptr) {
        auth.error(*entry->key,
                   name + " must be a list of tables; write [[" + name + "]] with two brackets");
        return;
    }
    for (const toml::node& node : *array) {
        const toml::table* const table = node.as_table();
        if (table == nullptr) {
            auth.wrong_type("each " + name, node, "a table");
            continue;
        }
        TableReader reader(auth.document(), *table, "[[" + name + "]]", auth.diagnostics());
        read(reader);
    }
}

}  // namespace

void read_auth_roles(TableReader& auth, std::vector<AuthRoleConfig>& roles) {
    read_list(auth, "role", [&](TableReader& table) { read_role(table, roles); });
}

AuthConfig read_auth(TableReader& table) {
    AuthConfig auth;
    read_anonymous(table, auth);
    read_cookie(table, auth);
    table.read("token_in_url", auth.token_in_url);
    read_path(table, "passwords_file", auth.passwords_file);
    table.read("mqtt", auth.mqtt);
    read_auth_roles(table, auth.roles);
    read_list(table, "jwt", [&](TableReader& jwt) { read_jwt(jwt, auth.jwt); });
    table.report_unknown_keys();
    return auth;
}

}  // namespace rtbridge
