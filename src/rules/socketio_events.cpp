#include "rules/socketio_events.h"

#include <algorithm>
#include <utility>

namespace rtbridge {
namespace {

class Compiler {
public:
    explicit Compiler(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    [[nodiscard]] SocketIoEvents::Message message(const SocketIoReplyConfig& config,
                                                  TemplatePlace place) {
        SocketIoEvents::Message message{config.event, std::nullopt};
        if (config.body) message.body = json(*config.body, place);
        return message;
    }

    [[nodiscard]] SocketIoEvents::Reaction reaction(const SocketIoOnConfig& config) {
        SocketIoEvents::Reaction reaction;
        reaction.action = config.action;
        reaction.qos = config.qos;
        reaction.retain = config.retain;
        reaction.role = config.role;
        if (config.key) {
            reaction.key = text(config.key->value, config.key->place);
        } else if (config.action == SocketIoDo::Notify) {
            reaction.key = text("{arg.targetUserId}", config.event.place);
        }
        if (config.topic) add_topic(*config.topic, reaction);
        if (config.action == SocketIoDo::Publish) add_publish(config, reaction);
        if (config.reply) reaction.reply = message(*config.reply, TemplatePlace::SocketIo);
        return reaction;
    }

    bool ok = true;

private:
    void mistakes(const SourcePlace& place, const std::vector<std::string>& messages) {
        for (const std::string& mistake : messages) diagnostics_.error(place, mistake);
        ok = false;
    }

    [[nodiscard]] std::optional<JsonTemplate> json(const TemplateSource& source,
                                                   TemplatePlace place) {
        auto compiled = JsonTemplate::compile(source, place, TemplateNames(), diagnostics_);
        ok = ok && compiled.has_value();
        return compiled;
    }

    [[nodiscard]] std::optional<TextTemplate> text(std::string_view source,
                                                   const SourcePlace& place) {
        auto compiled = TextTemplate::compile(source, TemplatePlace::SocketIo, TemplateNames());
        if (compiled.ok()) return std::move(compiled).value();
        mistakes(place, compiled.error());
        return std::nullopt;
    }

    void add_topic(const Placed<std::string>& source, SocketIoEvents::Reaction& reaction) {
        auto topic = PublishTopic::compile(source.value, TemplatePlace::SocketIo, TemplateNames());
        if (!topic.ok()) return mistakes(source.place, topic.error());
        reaction.topic = std::move(topic).value();
    }

    void add_publish(const SocketIoOnConfig& config, SocketIoEvents::Reaction& reaction) {
        ok = ok && reaction.topic.has_value();  // where it is absent that was reported
        const TemplateSource the_argument{std::string("{arg}"), config.event.place};
        const TemplateSource& source = config.payload ? *config.payload : the_argument;
        if (const auto* const string = std::get_if<std::string>(&source.value)) {
            if (auto compiled = text(*string, source.place))
                reaction.payload = *std::move(compiled);
        } else if (auto compiled = json(source, TemplatePlace::SocketIo)) {
            reaction.payload = *std::move(compiled);
        }
    }

    Diagnostics& diagnostics_;
};

bool everything_at_first(const SocketIoConfig& config) {
    if (config.subscribe != SocketIoConfig::Begin::Unsaid) {
        return config.subscribe == SocketIoConfig::Begin::Everything;
    }
    return std::none_of(config.on.begin(), config.on.end(), [](const SocketIoOnConfig& on) {
        return on.action == SocketIoDo::Subscribe;
    });
}

}  // namespace

std::shared_ptr<const SocketIoEvents> SocketIoEvents::compile(const SocketIoConfig& config,
                                                              Diagnostics& diagnostics) {
    auto events = std::make_shared<SocketIoEvents>();
    Compiler compiler(diagnostics);
    for (const SocketIoReplyConfig& welcome : config.welcome) {
        events->welcome.push_back(compiler.message(welcome, TemplatePlace::SocketIoWelcome));
    }
    for (const SocketIoOnConfig& on : config.on) {
        events->on.emplace(on.event.value, compiler.reaction(on));
    }
    if (config.shutdown) {
        events->shutdown = compiler.message(*config.shutdown, TemplatePlace::SocketIoWelcome);
    }
    events->presence = config.presence;
    events->begins_with_everything = everything_at_first(config);
    return compiler.ok ? std::move(events) : nullptr;
}

}  // namespace rtbridge
