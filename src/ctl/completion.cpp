#include "ctl/completion.h"

#include <functional>
#include <iostream>
#include <memory>
#include <sstream>

#include "ctl/command_tree.h"

namespace rtbridge {
namespace {

using Value = CommandTree::Value;
// Each command with its path: "/acl/explain", and "" of the tool itself.
using Visit = std::function<void(const CommandTree&, const std::string&)>;

void visit_all(const CommandTree& tree, const std::string& path, const Visit& visit) {
    visit(tree, path);
    for (const CommandTree& subcommand : tree.subcommands) {
        visit_all(subcommand, path + "/" + subcommand.name, visit);
    }
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

std::string names_of(const CommandTree& tree) {
    std::vector<std::string> names;
    for (const CommandTree& subcommand : tree.subcommands) names.push_back(subcommand.name);
    return joined(names);
}

// All paths but the tool's own, as a pattern of `case`.
std::string paths_of(const CommandTree& tree, std::string_view separator) {
    std::string pattern;
    visit_all(tree, "", [&](const CommandTree&, const std::string& path) {
        if (path.empty()) return;
        if (!pattern.empty()) pattern += separator;
        pattern += path;
    });
    return pattern;
}

void bash_arguments(std::ostream& out, const CommandTree& tree) {
    if (tree.arguments.empty()) return;
    out << "            case $count in\n";
    for (std::size_t i = 0; i < tree.arguments.size(); ++i) {
        const Value& argument = tree.arguments[i];
        if (!argument.file && argument.words.empty()) continue;
        out << "            " << i << ") ";
        if (argument.file) out << "files=yes";
        if (!argument.words.empty()) out << "words=\"" << joined(argument.words) << "\"";
        out << " ;;\n";
    }
    out << "            esac\n";
}

std::string bash(const CommandTree& tree) {
    std::ostringstream out;
    out << R"(# Completion of rtbridgectl for bash, as of `rtbridgectl completion bash`.
_rtbridgectl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local path= count=0 skip= words= files= options= i word
    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
    # The command, and how many arguments stand before the cursor.
    for ((i = 1; i < COMP_CWORD; ++i)); do
        word=${COMP_WORDS[i]}
        if [[ $skip ]]; then [[ $word == = ]] || skip=; continue; fi
        case $path/$word in
        )"
        << paths_of(tree, "|") << R"() path=$path/$word; continue ;;
        esac
        case "$path $word" in
)";
    std::string valued;
    visit_all(tree, "", [&](const CommandTree& command, const std::string& path) {
        for (const Value& option : command.options) {
            if (!option.takes_value) continue;
            valued += (valued.empty() ? "" : "|") + ("\"" + path + " " + option.name) + "\"";
        }
    });
    out << "        " << valued << R"() skip=yes; continue ;;
        esac
        [[ $word == -* ]] || count=$((count + 1))
    done
    # The value of an option.
    case "$path $prev" in
)";
    visit_all(tree, "", [&](const CommandTree& command, const std::string& path) {
        for (const Value& option : command.options) {
            if (!option.takes_value) continue;
            out << "    \"" << path << " " << option.name << "\") ";
            if (option.file) out << "files=yes; ";
            out << "words=\"" << joined(option.words) << "\"; options=none ;;\n";
        }
    });
    out << "    *)\n        case $path in\n";
    visit_all(tree, "", [&](const CommandTree& command, const std::string& path) {
        out << "        \"" << path << "\")\n";
        std::vector<std::string> names;
        for (const Value& option : command.options) names.push_back(option.name);
        out << "            options=\"" << joined(names) << "\"\n";
        if (!command.subcommands.empty()) {
            out << "            words=\"" << names_of(command) << "\"\n";
        }
        bash_arguments(out, command);
        out << "            ;;\n";
    });
    out << R"(        esac ;;
    esac
    COMPREPLY=()
    local IFS=$'\n'
    if [[ $cur == -* && $options != none ]]; then
        COMPREPLY=($(IFS=' '; compgen -W "$options" -- "$cur"))
        return
    fi
    [[ -z $words ]] || COMPREPLY=($(IFS=' '; compgen -W "$words" -- "$cur"))
    [[ -z $files ]] || COMPREPLY+=($(compgen -f -- "$cur"))
}
complete -o filenames -F _rtbridgectl rtbridgectl
)";
    return out.str();
}

// Text within '...' of a specification of _arguments.
std::string zsh_text(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        if (c == '\'') {
            escaped += "'\\''";
        } else {
            if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
            escaped += c;
        }
    }
    return escaped;
}

std::string zsh_action(const Value& value) {
    if (value.file) return "_files";
    if (!value.words.empty()) return "(" + joined(value.words) + ")";
    return " ";
}

std::string zsh(const CommandTree& tree) {
    std::ostringstream out;
    out << "#compdef rtbridgectl\n"
           "# Completion of rtbridgectl for zsh, as of `rtbridgectl completion zsh`.\n";
    const auto function_of = [](std::string path) {
        for (char& c : path) {
            if (c == '/') c = '_';
        }
        return "_rtbridgectl" + path;
    };
    visit_all(tree, "", [&](const CommandTree& command, const std::string& path) {
        out << "\n" << function_of(path) << "() {\n";
        if (!command.subcommands.empty()) out << "    local line state\n";
        out << "    _arguments -C";
        for (const Value& option : command.options) {
            out << " \\\n        '" << option.name << "[" << zsh_text(option.description) << "]";
            if (option.takes_value) {
                out << ":" << zsh_text(option.name.substr(2)) << ":" << zsh_action(option);
            }
            out << "'";
        }
        for (std::size_t i = 0; i < command.arguments.size(); ++i) {
            const Value& argument = command.arguments[i];
            out << " \\\n        '" << i + 1 << ":" << zsh_text(argument.name) << ":"
                << zsh_action(argument) << "'";
        }
        if (command.subcommands.empty()) {
            out << "\n}\n";
            return;
        }
        out << " \\\n        '1:command:->command' '*::argument:->argument'\n"
               "    case $state in\n    command)\n        local commands=(\n";
        for (const CommandTree& subcommand : command.subcommands) {
            out << "            '" << subcommand.name << ":" << zsh_text(subcommand.description)
                << "'\n";
        }
        out << "        )\n        _describe command commands ;;\n    argument)\n"
               "        case $line[1] in\n";
        for (const CommandTree& subcommand : command.subcommands) {
            out << "        " << subcommand.name << ") "
                << function_of(path + "/" + subcommand.name) << " ;;\n";
        }
        out << "        esac ;;\n    esac\n}\n";
    });
    // Sourced it only registers; as a file of $fpath it is the body of the function.
    out << "\nif [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n    _rtbridgectl \"$@\"\nelse\n"
           "    compdef _rtbridgectl rtbridgectl\nfi\n";
    return out.str();
}

std::string fish_text(const std::string& text) {
    std::string escaped = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') escaped += '\\';
        escaped += c;
    }
    return escaped + "'";
}

std::string fish(const CommandTree& tree) {
    std::ostringstream out;
    out << R"(# Completion of rtbridgectl for fish, as of `rtbridgectl completion fish`.
function __rtbridgectl_at
    set -l at tool
    for word in (commandline -opc)[2..-1]
        switch $at/$word
            case )";
    std::string paths;
    visit_all(tree, "tool", [&](const CommandTree&, const std::string& path) {
        if (path != "tool") paths += (paths.empty() ? "" : " ") + path;
    });
    out << paths << R"(
                set at $at/$word
        end
    end
    test $at = $argv[1]
end
complete -c rtbridgectl -f
)";
    visit_all(tree, "tool", [&](const CommandTree& command, const std::string& path) {
        const std::string start = "complete -c rtbridgectl -n '__rtbridgectl_at " + path + "'";
        for (const CommandTree& subcommand : command.subcommands) {
            out << start << " -a " << subcommand.name << " -d " << fish_text(subcommand.description)
                << "\n";
        }
        for (const Value& option : command.options) {
            out << start << " -l " << option.name.substr(2) << " -d "
                << fish_text(option.description);
            if (option.takes_value) out << (option.file ? " -r -F" : " -x");
            if (!option.words.empty()) out << " -a '" << joined(option.words) << "'";
            out << "\n";
        }
        for (const Value& argument : command.arguments) {
            if (argument.file) out << start << " -F\n";
            if (!argument.words.empty()) {
                out << start << " -a '" << joined(argument.words) << "' -d "
                    << fish_text(argument.name) << "\n";
            }
        }
    });
    return out.str();
}

}  // namespace

std::string completion_script(const CLI::App& tool, Shell shell) {
    const CommandTree tree = CommandTree::of(tool);
    switch (shell) {
        case Shell::Bash:
            return bash(tree);
        case Shell::Zsh:
            return zsh(tree);
        case Shell::Fish:
            break;
    }
    return fish(tree);
}

void add_completion(CLI::App& tool, int& exit_code) {
    const auto shell = std::make_shared<std::string>();
    CLI::App* const command =
        tool.add_subcommand("completion", "Print a script that completes command lines in a shell");
    command->add_option("SHELL", *shell, "The shell")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}))
        ->type_name("{bash,zsh,fish}");
    command->footer("As in: eval \"$(rtbridgectl completion bash)\"");
    command->callback([&tool, shell, &exit_code] {
        std::cout << completion_script(tool, *shell == "bash"  ? Shell::Bash
                                             : *shell == "zsh" ? Shell::Zsh
                                                               : Shell::Fish);
        exit_code = 0;
    });
}

}  // namespace rtbridge
