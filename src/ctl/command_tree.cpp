#include "ctl/command_tree.h"

#include <sstream>

namespace rtbridge {
namespace {

// "{one,other}" of a type name.
std::vector<std::string> words_of(const std::string& type) {
    std::vector<std::string> words;
    const std::size_t begin = type.find('{');
    const std::size_t end = type.find('}');
    if (begin == std::string::npos || end == std::string::npos) return words;
    std::istringstream list(type.substr(begin + 1, end - begin - 1));
    for (std::string word; std::getline(list, word, ',');) words.push_back(word);
    return words;
}

CommandTree::Value value_of(const CLI::Option& option) {
    CommandTree::Value value;
    const std::vector<std::string>& names = option.get_lnames();
    value.name = names.empty() ? option.get_name(true) : "--" + names.front();
    value.description = option.get_description();
    value.takes_value = option.get_items_expected_max() > 0;
    const std::string type = option.get_type_name();
    value.file =
        type == "FILE" || value.name == "FILE" || value.name == "OLD" || value.name == "NEW";
    value.words = words_of(type);
    return value;
}

}  // namespace

CommandTree CommandTree::of(const CLI::App& app) {
    CommandTree tree;
    tree.name = app.get_name();
    tree.description = app.get_description();
    for (const CLI::Option* const option : app.get_options()) {
        (option->get_positional() ? tree.arguments : tree.options).push_back(value_of(*option));
    }
    for (const CLI::App* const subcommand : app.get_subcommands({})) {
        tree.subcommands.push_back(of(*subcommand));
    }
    return tree;
}

}  // namespace rtbridge
