#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "handoff/invalid_reason.h"
#include "rules/expression.h"

namespace rtbridge {

// An entry of `classify`: the label of the first threshold that the number is below.
//
// Thread: belongs to one at a time, as its expression.
class Classifier {
public:
    Classifier(const ClassifyConfig& config, Expression of);

    [[nodiscard]] const std::string& name() const { return name_; }
    // Whether the label depends on the one before.
    [[nodiscard]] bool remembers() const { return hysteresis_ > 0; }
    // `before`: the label that the subject had, which it keeps until the number is the hysteresis
    // beyond a threshold of its band; of no band: it had none. The view is of this object.
    // REQUIRES: !values.payload().object_mistake().
    [[nodiscard]] Result<std::string_view, Invalidity> label(const RuleValues& values,
                                                             std::string_view before) const;

private:
    [[nodiscard]] std::string_view label_of(double number) const;
    [[nodiscard]] bool stays(double number, std::string_view before) const;

    std::string name_;
    Expression of_;
    std::vector<ClassifyConfig::Band> bands_;
    std::string otherwise_;
    double hysteresis_;
};

}  // namespace rtbridge
