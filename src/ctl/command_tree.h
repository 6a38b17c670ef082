#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace rtbridge {

// The command line of a tool as its completion needs it. A value.
struct CommandTree {
    // An option, or an argument without a name.
    struct Value {
        std::string name;  // "--strict", "FILE"
        std::string description;
        bool takes_value = true;         // a flag takes none
        bool file = false;               // the name of a file
        std::vector<std::string> words;  // what it may be, where that is known
    };
    std::string name;
    std::string description;
    std::vector<Value> options;
    std::vector<Value> arguments;  // in their order
    std::vector<CommandTree> subcommands;

    [[nodiscard]] static CommandTree of(const CLI::App& app);
};

}  // namespace rtbridge
