#include "access/policy.h"

namespace rtbridge {

struct Policy::Index {};
struct Grants::State {};

Policy::Policy() : index_(std::make_unique<Index>()) {}
Policy::~Policy() = default;
Grants::Grants() : state_(std::make_unique<State>()) {}
Grants::~Grants() = default;

std::shared_ptr<const Policy> Policy::compile(const Config&, Diagnostics&) {
    return std::shared_ptr<const Policy>(new Policy);
}
std::shared_ptr<const Grants> Policy::grants(const Identity&) const {
    return std::shared_ptr<const Grants>(new Grants);
}
bool Grants::may(ActionSet, std::string_view, std::optional<std::string_view>) const {
    return true;
}
Coverage Grants::coverage(ActionSet, const TopicFilter&, const std::vector<std::string>&) const {
    return Coverage::All;
}
bool Grants::anything(ActionSet, std::optional<std::string_view>) const {
    return true;
}
bool Grants::may_admin() const {
    return true;
}
Grants::Decision Grants::decide(Action, std::string_view, std::optional<std::string_view>) const {
    return {true, nullptr};
}
const std::string& Grants::canonical() const {
    static const std::string everything;
    return everything;
}
std::string_view without_share_prefix(std::string_view filter) {
    return filter;
}

}  // namespace rtbridge
