#include <algorithm>
#include <array>
#include <sstream>

#include "config/units.h"
#include "rules/rule.h"

namespace rtbridge {
namespace {

// What /ws gives a meaning of its own in a query.
constexpr std::array<std::string_view, 4> taken_query_names = {"topic", "snapshot", "ticket",
                                                               "token"};

std::string last_part(std::string_view name) {
    return std::string(name.substr(name.find_last_of('.') + 1));
}

// "max_rate 10/s, deadband batteryPower 5, history last 100 for 10m"
std::string in_words(const BrowserConfig& browser, const std::optional<HistoryConfig>& history) {
    std::string words;
    const auto add = [&words](std::string_view name, const std::string& value) {
        if (!words.empty()) words += ", ";
        words.append(name).append(" ").append(value);
    };
    if (!browser.event.empty()) add("event", browser.event);
    if (browser.max_rate) add("max_rate", format_rate(*browser.max_rate));
    for (const DeadbandConfig& deadband : browser.deadband) {
        std::ostringstream band;
        band << deadband.band;
        add("deadband", deadband.field + " " + band.str());
    }
    if (history) add("history last", std::to_string(history->last));
    if (history && history->keep.count() > 0) words += " for " + format_duration(history->keep);
    return words;
}

}  // namespace

class Rule::Compiler {
public:
    Compiler(const RuleConfig& config, Diagnostics& diagnostics)
        : config_(config), diagnostics_(diagnostics) {}

    [[nodiscard]] std::unique_ptr<const Rule> compile() {
        rule_->name_ = config_.name.value;
        rule_->on_invalid_ = config_.on_invalid;
        for (const FieldConfig& field : config_.fields) {
            rule_->fields_.emplace_back(field.path.value, field.spec);
        }
        rule_->mqtt_ = config_.mqtt;
        rule_->browser_options_ = in_words(config_.browser, config_.history);
        if (config_.name.value.empty()) mistake(config_.name.place, "a rule needs a name");
        if (config_.topics.empty()) {
            mistake(config_.name.place, "rule \"" + config_.name.value + "\" needs topics");
        }
        for (const Placed<std::string>& topic : config_.topics) add_topic(topic);
        names_.all_topics_known = ok_;
        number_captures();
        if (config_.gather) add_gather(*config_.gather);
        if (config_.key) add_key(*config_.key);
        if (config_.battery) add_battery(*config_.battery);
        for (const ComputeConfig& compute : config_.compute) add_compute(compute);
        for (const ClassifyConfig& classify : config_.classify) add_classify(classify);
        for (const MapConfig& map : config_.map) add_map(map);
        for (const auto& [name, value] : config_.set) add_set_member(name, value);
        for (const auto& [from, to] : config_.rename)
            rule_->rename_.push_back({JsonPath(from.value), to});
        for (const Placed<std::string>& path : config_.drop_fields) {
            rule_->drop_fields_.emplace_back(path.value);
        }
        rule_->first_step_ = first_step();
        if (config_.mqtt == TowardsMqtt::Publish) add_publish(config_.publish_topic);
        rule_->event_ = config_.browser.event;
        rule_->has_deadband_ = !config_.browser.deadband.empty();
        if (config_.browser.body) add_body(*config_.browser.body);
        return ok_ ? std::move(rule_) : nullptr;
    }

private:
    void mistake(const SourcePlace& place, std::string message) {
        diagnostics_.error(place, std::move(message));
        ok_ = false;
    }
    void mistakes(const SourcePlace& place, const std::vector<std::string>& messages) {
        for (const std::string& message : messages) mistake(place, message);
    }

    void add_topic(const Placed<std::string>& topic) {
        Result<TopicFilter, std::string> filter = TopicFilter::parse_named(topic.value);
        if (!filter.ok()) return mistake(topic.place, "invalid topic: " + filter.error());
        rule_->topics_.push_back({topic.value, std::move(filter).value(), {}});
    }

    void number_captures() {
        for (const Topic& topic : rule_->topics_) {
            TemplateNames::Topic& names = names_.topics.emplace_back();
            names.text = topic.text;
            for (const TopicFilter::Capture& capture : topic.filter.captures()) {
                names.captures.push_back(capture.name);
                auto& all = names_.captures;
                if (std::find(all.begin(), all.end(), capture.name) == all.end()) {
                    all.push_back(capture.name);
                }
            }
        }
        names_.has_key = config_.key.has_value();
        rule_->captures_ = names_.captures;
        for (Topic& topic : rule_->topics_) {
            topic.capture_levels.resize(names_.captures.size());
            for (std::size_t i = 0; i < names_.captures.size(); ++i) {
                for (const TopicFilter::Capture& capture : topic.filter.captures()) {
                    if (capture.name == names_.captures[i]) topic.capture_levels[i] = capture.level;
                }
            }
        }
    }

    void add_key(const Placed<std::string>& source) {
        Result<TextTemplate, std::vector<std::string>> key =
            TextTemplate::compile(source.value, TemplatePlace::Key, names_);
        if (!key.ok()) return mistakes(source.place, key.error());
        const Brace* brace = key.value().last_brace();
        if (brace == nullptr) {
            return mistake(source.place,
                           "a key needs a value in braces, as in \"{payload.userId}\"");
        }
        rule_->key_name_ = last_part(brace->name());
        if (std::find(taken_query_names.begin(), taken_query_names.end(), rule_->key_name_) !=
            taken_query_names.end()) {
            diagnostics_.warning(source.place, "browsers cannot select by this key: ?" +
                                                   rule_->key_name_ + "= has another meaning");
        }
        rule_->key_ = std::move(key).value();
    }

    void add_gather(const GatherConfig& gather) {
        Result<PublishTopic, std::vector<std::string>> topic =
            PublishTopic::compile(gather.topic.value, TemplatePlace::PublishTopic, names_);
        if (!topic.ok()) return mistakes(gather.topic.place, topic.error());
        if (!topic.value().known_from_topic()) {
            return mistake(gather.topic.place,
                           "the topic of gather is made of captures of the fields' topics alone");
        }
        rule_->gathering_.emplace(gather, std::move(topic).value());
    }

    void add_battery(const BatteryConfig& battery) {
        if (!(battery.idle_below >= 0)) {
            return mistake(config_.name.place,
                           "rule \"" + config_.name.value + "\": idle_below must be 0 or more");
        }
        rule_->battery_.emplace(battery, config_.fields);
    }

    // What is computed may use what was computed before it, and nothing that is not there yet.
    void add_compute(const ComputeConfig& compute) {
        std::optional<Expression> value =
            compile_expression(compute.name.value, compute.expression);
        if (!value) return;
        for (const std::string& path : value->paths()) {
            const auto same_name = [&](const ComputeConfig& other) {
                return other.name.value == path;
            };
            const auto later =
                std::find_if(config_.compute.begin() + static_cast<std::ptrdiff_t>(computed_),
                             config_.compute.end(), same_name);
            if (later == config_.compute.end() || &*later == &compute) continue;
            mistake(compute.expression.place,
                    compute.name.value + ": " + path + " is computed further down; move it up");
        }
        ++computed_;
        check_pure(compute.name, *value);
        rule_->compute_.push_back({compute.name.value, std::move(*value)});
    }

    void add_classify(const ClassifyConfig& classify) {
        std::optional<Expression> of = compile_expression(classify.name.value, classify.of);
        if (!of) return;
        check_pure(classify.name, *of);
        rule_->classify_.emplace_back(classify, std::move(*of));
    }

    // What depends on messages before comes behind all that does not.
    void check_pure(const Placed<std::string>& name, const Expression& expression) {
        for (const std::string& path : expression.paths()) {
            for (const ClassifyConfig& classify : config_.classify) {
                if (classify.hysteresis > 0 && classify.name.value == path) {
                    mistake(name.place, name.value + ": " + path +
                                            " has a hysteresis, so it is known to browsers and "
                                            "derived topics alone; compute with the number that it "
                                            "is about");
                }
            }
        }
    }

    [[nodiscard]] std::optional<Expression> compile_expression(const std::string& name,
                                                               const Placed<std::string>& source) {
        Result<Expression, std::vector<Expression::Mistake>> compiled =
            Expression::compile(source.value, names_, config_.fields);
        if (compiled.ok()) return std::move(compiled).value();
        for (const Expression::Mistake& one : compiled.error()) {
            SourcePlace place = source.place;
            place.column += static_cast<std::uint32_t>(one.position);
            mistake(place, name + ": " + one.message);
        }
        return std::nullopt;
    }

    void add_map(const MapConfig& map) {
        Result<TextTemplate, std::vector<std::string>> of =
            TextTemplate::compile(map.of.value, TemplatePlace::Set, names_);
        if (!of.ok()) return mistakes(map.of.place, of.error());
        if (of.value().last_brace() == nullptr) {
            return mistake(map.of.place, map.name.value +
                                             ": of needs a value in braces, as in \"{device}\" or "
                                             "\"{payload.deviceId}\"");
        }
        rule_->map_.emplace_back(map, std::move(of).value());
    }

    // Of the steps that look into the payload; null: there is none.
    [[nodiscard]] const char* first_step() const {
        if (!config_.fields.empty()) return "fields";
        if (config_.battery) return "battery";
        if (!config_.compute.empty()) return "compute";
        if (!config_.classify.empty()) return "classify";
        if (!config_.map.empty()) return "map";
        if (!config_.set.empty()) return "set";
        if (!config_.rename.empty()) return "rename";
        return config_.drop_fields.empty() ? nullptr : "drop_fields";
    }

    void add_set_member(const std::string& name, const TemplateSource& source) {
        std::optional<JsonTemplate> value =
            JsonTemplate::compile(source, TemplatePlace::Set, names_, diagnostics_);
        if (value) {
            rule_->set_.push_back({name, std::move(*value)});
        } else {
            ok_ = false;
        }
    }

    void add_publish(const Placed<std::string>& source) {
        Result<PublishTopic, std::vector<std::string>> topic =
            PublishTopic::compile(source.value, TemplatePlace::PublishTopic, names_);
        if (!topic.ok()) return mistakes(source.place, topic.error());
        rule_->publish_topic_ = std::move(topic).value();
    }

    void add_body(const TemplateSource& source) {
        rule_->body_ = JsonTemplate::compile(source, TemplatePlace::Body, names_, diagnostics_);
        ok_ = ok_ && rule_->body_.has_value();
    }

    const RuleConfig& config_;
    Diagnostics& diagnostics_;
    std::unique_ptr<Rule> rule_{new Rule};
    TemplateNames names_;
    std::size_t computed_ = 0;  // entries of `compute` so far
    bool ok_ = true;
};

std::unique_ptr<const Rule> Rule::compile(const RuleConfig& config, Diagnostics& diagnostics) {
    return Compiler(config, diagnostics).compile();
}

}  // namespace rtbridge
