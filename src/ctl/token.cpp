#include "ctl/token.h"

#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "access/authenticator.h"
#include "base/clock.h"
#include "config/units.h"
#include "ctl/token_inspect.h"
#include "ctl/token_mint.h"

namespace rtbridge {
namespace {

std::int64_t now_unix_s() {
    return SystemClock().unix_ms() / 1000;
}

// Whole seconds, at least one.
std::string check_expiry(const std::string& text) {
    const auto duration = parse_duration(text);
    if (duration && *duration >= std::chrono::seconds(1)) return {};
    return text + " is not a duration like 1h, 30m or 90s";
}

std::string check_claim(const std::string& text) {
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos && equals > 0) return {};
    return text + " is not a claim like site=north";
}

void add_mint(CLI::App& token, int& exit_code) {
    struct Options {
        MintRequest request;
        std::vector<std::string> claims;
        std::string expires = "1h";
    };
    const auto options = std::make_shared<Options>();
    MintRequest& request = options->request;
    CLI::App* const command = token.add_subcommand("mint", "Make a token, and print it");
    command
        ->add_option("--config", request.config_file,
                     "The configuration file: says issuer, audience, names of claims and, where "
                     "it is a secret, the key")
        ->type_name("FILE");
    command
        ->add_option("--key", request.key_file,
                     "The key to sign with: a secret, or a private key in PEM")
        ->type_name("FILE");
    command->add_option("--alg", request.algorithm,
                        "The algorithm, like HS256; by default one that fits");
    command->add_option("--user", request.user, "Whose token it is")->required();
    command->add_option("--role", request.roles, "A role; may be repeated")
        ->take_all()
        ->expected(1);
    command
        ->add_option("--claim", options->claims,
                     "A further claim as NAME=VALUE; a VALUE that is JSON is taken as it; may be "
                     "repeated")
        ->take_all()
        ->expected(1)
        ->check(check_claim);
    command->add_option("--issuer", request.issuer, "The issuer");
    command->add_option("--audience", request.audience, "The audience");
    command->add_option("--expires", options->expires, "How long it is valid, like 1h")
        ->check(check_expiry)
        ->capture_default_str();
    command->callback([options, &exit_code] {
        MintRequest& asked = options->request;
        for (const std::string& claim : options->claims) {
            const std::size_t equals = claim.find('=');
            asked.claims.emplace_back(claim.substr(0, equals), claim.substr(equals + 1));
        }
        asked.expires_in =
            std::chrono::duration_cast<std::chrono::seconds>(*parse_duration(options->expires));
        const Result<std::string, std::string> minted = mint_token(asked, now_unix_s());
        exit_code = minted.ok() ? 0 : 1;
        if (minted.ok()) {
            std::cout << minted.value() << "\n";
        } else {
            std::cerr << "rtbridgectl: " << minted.error() << "\n";
        }
    });
}

// The first line, of which a token longer than any that is taken is cut.
std::string read_token(std::istream& in) {
    std::string token;
    for (char c = 0; token.size() <= token_bytes_max && in.get(c) && c != '\n';) token += c;
    if (token.ends_with('\r')) token.pop_back();
    return token;
}

void add_inspect(CLI::App& token, int& exit_code) {
    struct Options {
        std::string config_file;
        std::string token = "-";
    };
    const auto options = std::make_shared<Options>();
    CLI::App* const command = token.add_subcommand(
        "inspect", "Show what a token says, and check by check whether it is taken");
    command->add_option("--config", options->config_file, "The configuration file")
        ->required()
        ->type_name("FILE");
    command->add_option("TOKEN", options->token,
                        "The token; \"-\" or nothing: from standard input, where no list of "
                        "processes shows it");
    command->callback([options, &exit_code] {
        const std::string text = options->token == "-" ? read_token(std::cin) : options->token;
        exit_code = inspect_token(options->config_file, text, now_unix_s(), std::cout, std::cerr);
    });
}

}  // namespace

void add_token(CLI::App& tool, int& exit_code) {
    CLI::App* const token = tool.add_subcommand("token", "Make and examine tokens");
    token->require_subcommand(1);
    add_mint(*token, exit_code);
    add_inspect(*token, exit_code);
}

}  // namespace rtbridge
