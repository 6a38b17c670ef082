#include "rules/classifier.h"

#include <algorithm>
#include <utility>

namespace rtbridge {

Classifier::Classifier(const ClassifyConfig& config, Expression of)
    : name_(config.name.value),
      of_(std::move(of)),
      bands_(config.bands),
      otherwise_(config.otherwise),
      hysteresis_(config.hysteresis) {}

Result<std::string_view, Invalidity> Classifier::label(const RuleValues& values,
                                                       std::string_view before) const {
    const Result<double, Invalidity> number = of_.evaluate(values);
    if (!number.ok()) return Failure{number.error()};
    if (stays(number.value(), before)) return std::string_view(before);
    return label_of(number.value());
}

std::string_view Classifier::label_of(double number) const {
    const auto band = std::find_if(bands_.begin(), bands_.end(),
                                   [&](const auto& one) { return number < one.below; });
    return band == bands_.end() ? std::string_view(otherwise_) : std::string_view(band->label);
}

bool Classifier::stays(double number, std::string_view before) const {
    if (!remembers()) return false;
    for (std::size_t i = 0; i <= bands_.size(); ++i) {
        const bool last = i == bands_.size();
        if (before != (last ? std::string_view(otherwise_) : std::string_view(bands_[i].label))) {
            continue;
        }
        const bool not_above = last || number < bands_[i].below + hysteresis_;
        const bool not_below = i == 0 || number >= bands_[i - 1].below - hysteresis_;
        if (not_above && not_below) return true;
    }
    return false;
}

}  // namespace rtbridge
