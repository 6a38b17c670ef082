#include "access/policy.h"

#include <algorithm>

#include "access/policy_compiler.h"
#include "access/policy_index.h"

namespace rtbridge {

Policy::Policy(Index index) : index_(std::make_unique<const Index>(std::move(index))) {}
Policy::~Policy() = default;

std::shared_ptr<const Policy> Policy::compile(const Config& config, Diagnostics& diagnostics) {
    std::optional<Index> index = PolicyCompiler(config, diagnostics).compile();
    if (!index) return nullptr;
    return std::shared_ptr<const Policy>(new Policy(std::move(*index)));
}

std::string_view without_share_prefix(std::string_view filter) {
    constexpr std::string_view share = "$share/";
    if (!filter.starts_with(share)) return filter;
    const std::size_t end_of_group = filter.find('/', share.size());
    if (end_of_group == std::string_view::npos) return filter;
    return filter.substr(end_of_group + 1);
}

}  // namespace rtbridge
