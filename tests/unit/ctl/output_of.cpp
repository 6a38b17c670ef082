#include "output_of.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace rtbridge {

std::string output_of(const std::string& command) {
    FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return "(cannot be run)";
    std::string text;
    std::array<char, 4096> part{};
    while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe)) {
        text.append(part.data(), got);
    }
    const int status = ::pclose(pipe);
    if (status != 0) text += "(exit " + std::to_string(WEXITSTATUS(status)) + ")";
    return text;
}

bool has_program(const std::string& name) {
    return std::system(("command -v " + name + " >/dev/null").c_str()) == 0;
}

}  // namespace rtbridge
