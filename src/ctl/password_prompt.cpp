#include "ctl/password_prompt.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <optional>

namespace rtbridge {
namespace {

// Keeps what is typed off the screen.
class EchoOff {
public:
    EchoOff() {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
    }
    ~EchoOff() {
        if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;
    [[nodiscard]] bool works() const { return changed_; }

private:
    termios before_{};
    bool changed_ = false;
};

std::optional<std::string> read_line() {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

std::optional<std::string> ask(const char* question) {
    std::cerr << question << std::flush;
    std::optional<std::string> line = read_line();
    std::cerr << "\n";
    return line;
}

}  // namespace

Result<std::string, std::string> read_password(Prompt prompt) {
    const Failure<std::string> none{"there is no password on standard input"};
    if (::isatty(STDIN_FILENO) == 0) {
        std::optional<std::string> line = read_line();
        if (!line) return none;
        return std::move(*line);
    }
    const EchoOff echo_off;
    if (!echo_off.works()) {
        return Failure{std::string("the terminal cannot hide the password")};
    }
    std::optional<std::string> password = ask("Password: ");
    if (!password) return none;
    if (prompt == Prompt::Twice && ask("The same again: ") != password) {
        return Failure{std::string("these were two different passwords")};
    }
    return std::move(*password);
}

}  // namespace rtbridge
