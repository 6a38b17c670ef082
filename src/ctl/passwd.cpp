#include "ctl/passwd.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "access/password_file.h"
#include "access/password_hash.h"
#include "access/printable.h"
#include "base/bytes.h"
#include "base/file_text.h"
#include "base/replace_file.h"
#include "config/in_quotes.h"
#include "ctl/password_prompt.h"

namespace rtbridge {
namespace {

constexpr std::size_t file_bytes_max = 16 * MiB;

int fail(std::ostream& err, const std::string& text) {
    err << "rtbridgectl: " << text << "\n";
    return 1;
}

// What is wrong with a name; empty: nothing.
std::string wrong_name(const std::string& user) {
    if (!is_printable(user)) return "the user must not be empty or have control characters";
    if (user.find(':') != std::string::npos) return "the user must not have a ':'";
    if (user.front() == '#') return "the user must not begin with '#'";
    return {};
}

// The lines of the file with that of `user` replaced by `line`, or dropped where that is empty.
struct Edit {
    std::string text;
    bool found = false;
};

Edit edit_user(std::string_view rest, const std::string& user, const std::string& line) {
    Edit edit;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view old = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!old.starts_with(user + ":")) {
            edit.text.append(old).append("\n");
            continue;
        }
        if (!edit.found && !line.empty()) edit.text.append(line).append("\n");
        edit.found = true;
    }
    return edit;
}

Result<std::string, std::string> read_users(const std::string& file) {
    Result<FileText, std::string> read =
        read_file_text(file, file_bytes_max, "the file is larger than 16MiB");
    if (!read.ok()) return Failure{file + ": " + read.error()};
    return std::move(read).value().text;
}

int write_users(const std::string& file, const std::string& text, std::ostream& err) {
    const std::string wrong = replace_file(file, text);
    return wrong.empty() ? 0 : fail(err, file + ": " + wrong);
}

}  // namespace

int set_password(const std::string& file, const std::string& user, const NewPassword& password,
                 std::ostream& err) {
    if (const std::string wrong = wrong_name(user); !wrong.empty()) return fail(err, wrong);
    if (password.password.empty()) return fail(err, "the password is empty");
    if (password.password.find('\0') != std::string::npos) {
        return fail(err, "the password must not have a NUL");
    }
    std::string before;
    if (::access(file.c_str(), F_OK) == 0) {
        Result<std::string, std::string> users = read_users(file);
        if (!users.ok()) return fail(err, users.error());
        before = std::move(users).value();
    }
    const std::optional<PasswordHash> hash =
        password.argon2id ? PasswordHash::argon2id(password.password)
                          : PasswordHash::pbkdf2(password.password, password.rounds);
    if (!hash) return fail(err, "the password cannot be hashed: no memory or no randomness");
    const std::string line = user + ":" + hash->text();
    Edit edit = edit_user(before, user, line);
    if (!edit.found) edit.text.append(line).append("\n");
    return write_users(file, edit.text, err);
}

int delete_user(const std::string& file, const std::string& user, std::ostream& err) {
    const Result<std::string, std::string> users = read_users(file);
    if (!users.ok()) return fail(err, users.error());
    const Edit edit = edit_user(users.value(), user, "");
    if (!edit.found) return fail(err, file + " has no user " + in_quotes(user));
    return write_users(file, edit.text, err);
}

int check_password(const std::string& file, const std::string& user, const std::string& password,
                   std::ostream& out, std::ostream& err) {
    Diagnostics diagnostics;
    const auto users = PasswordFile::load({file, {file, 0, 0}}, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.sorted()) err << to_line(diagnostic) << "\n";
    if (!users) return 1;
    const bool right = users->matches(user, password);
    out << (right ? "right\n" : "unknown user or wrong password\n");
    return right ? 0 : 1;
}

void add_passwd(CLI::App& tool, int& exit_code) {
    struct Options {
        std::string file, user;
        NewPassword password;
        bool remove = false;
        bool check = false;
    };
    const auto options = std::make_shared<Options>();
    CLI::App* const command = tool.add_subcommand(
        "passwd", "Set, delete or check the password of a user in a password file");
    command->add_option("FILE", options->file, "The password file")->required();
    command->add_option("USER", options->user, "The user")->required();
    CLI::Option* const rounds =
        command->add_option("--rounds", options->password.rounds, "Rounds of PBKDF2")
            ->check(CLI::Range(std::uint32_t{1}, PasswordHash::pbkdf2_rounds_max))
            ->capture_default_str();
    command
        ->add_flag("--argon2id", options->password.argon2id,
                   "Use argon2id: harder to guess from a stolen file, too slow for MQTT clients")
        ->excludes(rounds);
    CLI::Option* const remove = command->add_flag("--delete", options->remove, "Delete the user");
    command->add_flag("--check", options->check, "Say whether a password is that of the user")
        ->excludes(remove);
    command->callback([options, &exit_code] {
        if (options->remove) {
            exit_code = delete_user(options->file, options->user, std::cerr);
            return;
        }
        Result<std::string, std::string> password =
            read_password(options->check ? Prompt::Once : Prompt::Twice);
        if (!password.ok()) {
            exit_code = fail(std::cerr, password.error());
            return;
        }
        options->password.password = std::move(password).value();
        exit_code = options->check
                        ? check_password(options->file, options->user, options->password.password,
                                         std::cout, std::cerr)
                        : set_password(options->file, options->user, options->password, std::cerr);
    });
}

}  // namespace rtbridge
