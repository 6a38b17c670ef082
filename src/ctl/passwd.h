#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace rtbridge {

struct NewPassword {
    std::string password;
    std::uint32_t rounds = 1000;  // of PBKDF2: some 1 ms, well within limits.password_time
    bool argon2id = false;        // instead of PBKDF2: some 50 ms, too long for MQTT clients
};

// What `rtbridgectl passwd` does to a password file (passwords_file of [auth]). Each leaves other
// lines as they are and returns the exit code; the file is replaced as a whole or not at all, keeps
// its mode and owner, and is its owner's alone when it is new.
[[nodiscard]] int set_password(const std::string& file, const std::string& user,
                               const NewPassword& password, std::ostream& err);
[[nodiscard]] int delete_user(const std::string& file, const std::string& user, std::ostream& err);
// 0 where the password is that of the user.
[[nodiscard]] int check_password(const std::string& file, const std::string& user,
                                 const std::string& password, std::ostream& out, std::ostream& err);

// Adds the subcommand; when it is the one given, `exit_code` is set by the time parsing ends.
void add_passwd(CLI::App& tool, int& exit_code);

}  // namespace rtbridge
