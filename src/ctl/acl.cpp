#include "ctl/acl.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include "base/log.h"
#include "config/suggestion.h"
#include "ctl/acl_words.h"

namespace rtbridge {
namespace {

constexpr int trouble = 2;

struct Options {
    std::string file, other_file, action, topic;
    std::string user, client, address;
    std::optional<std::string> key;
    std::vector<std::string> roles, claims;
};

std::optional<Configuration> load(const std::string& file) {
    Diagnostics diagnostics;
    std::optional<Configuration> loaded = load_configuration(file, diagnostics);
    if (loaded) return loaded;  // `check` is for warnings
    for (const Diagnostic& diagnostic : diagnostics.sorted()) std::cerr << to_text(diagnostic);
    return std::nullopt;
}

std::nullopt_t complain(const std::string& message) {
    std::cerr << "rtbridgectl: " << escape_control(message) << "\n";
    return std::nullopt;
}

enum class Wildcards { Allowed, Refused };

std::optional<AclQuestion> question_of(const Options& options, Wildcards wildcards) {
    const std::optional<Action> action = action_named(options.action);
    if (!action) {
        const auto near = suggestion(options.action, {action_names.begin(), action_names.end()});
        return complain("no action is called " + options.action +
                        (near ? "; did you mean " + std::string(*near) + "?" : ""));
    }
    if (*action == Action::Admin) return AclQuestion{*action, {}, {}};
    if (options.topic.empty()) return complain(options.action + " needs a topic");
    const bool reading = needed_for(*action).intersects(receive_live);
    const std::string topic(reading ? without_share_prefix(options.topic) : options.topic);
    const auto filter = TopicFilter::parse(topic);
    if (!filter.ok()) return complain(options.topic + " is no topic: " + filter.error());
    if (wildcards == Wildcards::Refused && topic.find_first_of("+#") != std::string::npos) {
        return complain(options.topic + " has wildcards; name a topic");
    }
    return AclQuestion{*action, topic, options.key};
}

// Roles come as they would at a login: from [[auth.role]] for the user, or the anonymous role.
std::optional<Identity> identity_of(const Options& options, const Configuration& configuration) {
    const Authenticator& authenticator = *configuration.access->authenticator;
    Identity who;
    if (!options.user.empty()) {
        who = authenticator.named(options.user);
    } else if (options.roles.empty()) {
        who = authenticator.anonymous().value_or(Identity());
    }
    who.client = options.client;
    who.address = options.address;
    who.roles.insert(who.roles.end(), options.roles.begin(), options.roles.end());
    std::sort(who.roles.begin(), who.roles.end());
    who.roles.erase(std::unique(who.roles.begin(), who.roles.end()), who.roles.end());
    for (const std::string& claim : options.claims) {
        const std::size_t equals = claim.find('=');
        if (equals == std::string::npos || equals == 0) {
            return complain("--claim " + claim + " is not of the form name=value");
        }
        who.claims[claim.substr(0, equals)] = claim.substr(equals + 1);
    }
    return who;
}

int explain(const Options& options) {
    const std::optional<Configuration> loaded = load(options.file);
    if (!loaded) return trouble;
    const std::optional<AclQuestion> question = question_of(options, Wildcards::Allowed);
    if (!question) return trouble;
    const std::optional<Identity> who = identity_of(options, *loaded);
    if (!who) return trouble;
    return acl_explain(*loaded, *who, *question, std::cout) ? 0 : 1;
}

int who_can(const Options& options) {
    const std::optional<Configuration> loaded = load(options.file);
    if (!loaded) return trouble;
    const std::optional<AclQuestion> question = question_of(options, Wildcards::Refused);
    if (!question) return trouble;
    return acl_who_can(*loaded, *question, std::cout) ? 0 : 1;
}

int diff(const Options& options) {
    const std::optional<Configuration> before = load(options.file);
    const std::optional<Configuration> after = load(options.other_file);
    if (!before || !after) return trouble;
    return acl_diff(before->config, after->config, std::cout) ? 0 : 1;
}

void add_question(CLI::App& command, Options& options) {
    command.add_option("FILE", options.file, "The configuration file")->required();
    command
        .add_option("ACTION", options.action,
                    "publish, publish_retained, receive, subscribe, history or admin")
        ->required()
        ->type_name("{publish,publish_retained,receive,subscribe,history,admin}");
    command.add_option("TOPIC", options.topic, "The topic; not needed for admin");
    command.add_option("--key", options.key, "Key of the update, as browsers select by it");
}

}  // namespace

void add_acl(CLI::App& tool, int& exit_code) {
    CLI::App* const acl = tool.add_subcommand("acl", "Ask the access policy of a file");
    acl->require_subcommand(1);
    const auto options = std::make_shared<Options>();

    CLI::App* const explain_command = acl->add_subcommand(
        "explain", "Show whether somebody may do something, and which rule says so");
    add_question(*explain_command, *options);
    explain_command->add_option("--user", options->user, "User name; its [[auth.role]]s are added");
    explain_command->add_option("--client", options->client, "MQTT client id");
    explain_command->add_option("--role", options->roles, "A role; may be given several times")
        ->allow_extra_args(false);
    explain_command->add_option("--address", options->address, "Address it comes from");
    explain_command->add_option("--claim", options->claims, "name=value of the token; likewise")
        ->allow_extra_args(false);
    explain_command->footer("Exit code: 0 allowed, 1 denied or allowed in part, 2 trouble.");
    explain_command->callback([options, &exit_code] { exit_code = explain(*options); });

    CLI::App* const who_can_command =
        acl->add_subcommand("who-can", "List whom the rules let do something, and whom not");
    add_question(*who_can_command, *options);
    who_can_command->footer("Exit code: 0 somebody may, 1 nobody may, 2 trouble.");
    who_can_command->callback([options, &exit_code] { exit_code = who_can(*options); });

    CLI::App* const diff_command =
        acl->add_subcommand("diff", "Compare what two files allow and deny");
    diff_command->add_option("OLD", options->file, "A configuration file")->required();
    diff_command->add_option("NEW", options->other_file, "Another one")->required();
    diff_command->footer("Exit code: 0 the same, 1 they differ, 2 trouble.");
    diff_command->callback([options, &exit_code] { exit_code = diff(*options); });
}

}  // namespace rtbridge
