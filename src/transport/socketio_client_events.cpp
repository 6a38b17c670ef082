// What a client of the Socket.IO application asks for: its events, as [[socketio.on]] says.

#include <exception>
#include <utility>
#include <variant>

#include "config/in_quotes.h"
#include "listener/selection_check.h"
#include "transport/denial.h"
#include "transport/listener_state.h"
#include "transport/publish_check.h"
#include "transport/socketio_application.h"
#include "transport/socketio_bodies.h"
#include "transport/socketio_client.h"

namespace rtbridge {
namespace {

// So that what a client subscribed to fits where subscriptions are counted and not weighed.
constexpr std::size_t key_bytes_max = 1024;
// Of userActivity: each of them is looked at for one event.
constexpr std::size_t status_sessions_max = 1000;

constexpr std::string_view default_notification = "notification";

bool is_container(WorkingPayload& document) {
    const auto root = document.root();
    return root && (root->element.is_object() || root->element.is_array());
}

// Why a template could not be filled in.
RequestError missing_value(std::string_view event, const Brace& missing) {
    const std::string what = missing.name() == "arg" ? "an argument" : "{" + missing.name() + "}";
    return {ErrorCode::BadRequest, std::string(event) + " needs " + what};
}

}  // namespace

void SocketIoClient::on_event(const SocketIoEvent& event) {
    if (closing()) return;
    try {
        answer(event);
    } catch (const std::exception&) {  // out of memory: this session ends, the others go on
        state_.metrics.listener_errors.add();
        if (!closing()) session_->close(CloseCode::Internal, "internal");
    }
}

void SocketIoClient::answer(const SocketIoEvent& event) {
    const SocketIoEvents& events = *state_.config->socketio_events;
    const auto found = events.on.find(event.name);
    if (found == events.on.end()) {
        // As servers do that have no handler for it; but who asks for an answer gets one.
        state_.metrics.events_unknown.add();
        if (event.ack_id) {
            const std::string message = "nothing answers the event " + in_quotes(event.name);
            socket_.acknowledge(*event.ack_id,
                                error_acknowledgement(name_of(ErrorCode::UnknownOp), message), {});
        }
        return;
    }
    Request request{event.name, found->second, values(), event.ack_id};
    if (!event.attachments.empty()) {
        return refuse(request, {ErrorCode::BadRequest, "binary attachments are not taken here"});
    }
    WorkingPayload& argument = application_.argument();
    if (!event.arguments.empty()) {
        argument.reset(event.arguments.front());
        request.values.arg = &argument;
    }
    perform(request);
    argument.trim();
}

void SocketIoClient::perform(Request& request) {
    const Reaction& reaction = request.reaction;
    if (!has_role(reaction.role)) {
        report_denial(state_.api(), identity(), "event " + in_quotes(request.event), nullptr);
        return refuse(request, {ErrorCode::Forbidden,
                                std::string(request.event) + " needs the role " + reaction.role});
    }
    switch (reaction.action) {
        case SocketIoDo::Subscribe:
            return subscribe(request);
        case SocketIoDo::Unsubscribe:
            return unsubscribe(request);
        case SocketIoDo::SubscribeAll:
            return subscribe_all(request);
        case SocketIoDo::Latest:
            return tell_latest(request);
        case SocketIoDo::Status:
            return tell_status(request);
        case SocketIoDo::Notify:
            return notify(request);
        case SocketIoDo::Publish:
            return publish(request);
    }
}

bool SocketIoClient::read_key(Request& request, std::string& key) {
    const TextTemplate& wanted = *request.reaction.key;
    if (const Brace* const missing = wanted.append(request.values, key)) {
        refuse(request, missing_value(request.event, *missing));
        return false;
    }
    const bool whole_argument = wanted.only_brace() != nullptr &&
                                wanted.only_brace()->kind() == Brace::Kind::Arg &&
                                wanted.only_brace()->member().empty();
    const char* mistake = nullptr;
    if (key.empty()) mistake = "is empty";
    if (key.size() > key_bytes_max) mistake = "is longer than 1024 bytes";
    if (whole_argument && is_container(*request.values.arg)) mistake = "is a text or a number";
    if (mistake != nullptr) {
        refuse(request, {ErrorCode::BadRequest,
                         "the argument of " + std::string(request.event) + " " + mistake});
        return false;
    }
    request.values.key = key;
    return true;
}

bool SocketIoClient::allow(const Request& request, const Selection& selection) {
    const auto denial = check_selection(selection, *session_->access()->grants);
    if (!denial) return true;
    report_denial(state_.api(), identity(), denial->what, denial->rule);
    refuse(request, {ErrorCode::Forbidden, denial->message});
    return false;
}

void SocketIoClient::subscribe(Request& request) {
    std::string key;
    if (!read_key(request, key) || !allow(request, selection_.of_key(key))) return;
    if (!selection_.contains(key)) {
        const std::size_t keys_max = state_.config->limits.subscriptions;
        if (selection_.keys().size() >= keys_max) {
            state_.metrics.hit(Limit::Subscriptions);
            return refuse(request,
                          {ErrorCode::Limit,
                           "limits.subscriptions = " + std::to_string(keys_max) + " is reached"});
        }
        SocketIoSelection wanted = selection_;
        wanted.add(key);
        want(std::move(wanted), false);
    }
    reply(request, device_body(key, "Subscribed to " + key));
}

void SocketIoClient::unsubscribe(Request& request) {
    std::string key;
    if (!read_key(request, key)) return;
    if (selection_.contains(key)) {
        SocketIoSelection wanted = selection_;
        wanted.remove(key);
        want(std::move(wanted), false);
    }
    reply(request, device_body(key, "Unsubscribed from " + key));
}

void SocketIoClient::subscribe_all(Request& request) {
    if (!allow(request, selection_.of_everything())) return;
    if (!selection_.everything()) {
        SocketIoSelection wanted = selection_;
        wanted.add_everything();
        want(std::move(wanted), false);
    }
    reply(request, subscribed_all_body(state_.sessions.values().key_count()));
}

void SocketIoClient::tell_latest(Request& request) {
    std::string key;
    if (!read_key(request, key) || !allow(request, selection_.of_key(key))) return;
    std::string only_topic;
    if (request.reaction.topic) {
        const auto topic = request.reaction.topic->make(request.values);
        if (!topic.ok()) return refuse(request, {ErrorCode::BadTopic, topic.error()});
        only_topic = topic.value();
    }
    const Grants& grants = *session_->access()->grants;
    const UpdatePtr newest = state_.sessions.values().newest_of_key(
        key, selection_.topics(), Payloads::SocketIoBody, [&](const Update& update) {
            return (only_topic.empty() || update.topic == only_topic) &&
                   grants.may(receive_live, update.topic, update.key);
        });
    WorkingPayload& payload = application_.payload();
    if (newest != nullptr) {
        payload.reset(newest->body(Payloads::SocketIoBody));
        request.values.payload = &payload;
        request.values.topic = newest->topic;
    }
    reply(request, latest_body(key, request.values.payload));
    payload.trim();
}

void SocketIoClient::tell_status(Request& request) {
    const SessionRegistry& registry = state_.sessions.registry();
    const std::size_t sessions = registry.size();
    if (sessions > status_sessions_max) state_.metrics.hit(Limit::StatusList);
    reply(request,
          status_body({sessions,
                       application_.shared().subscribed_keys.load(std::memory_order_relaxed),
                       registry.list(status_sessions_max)}));
}

void SocketIoClient::notify(Request& request) {
    const Reaction& reaction = request.reaction;
    Announcement announcement;
    announcement.event = reaction.reply ? reaction.reply->event : default_notification;
    // Without a name everyone is meant.
    if (reaction.key->append(request.values, announcement.user) != nullptr) {
        announcement.user.clear();
    }
    if (reaction.reply && reaction.reply->body) {
        reaction.reply->body->append_or_null(request.values, announcement.body);
    } else if (request.values.arg != nullptr) {
        announcement.body =
            notification_body(*request.values.arg, identity(), request.values.unix_ms);
    }
    if (announcement.body.empty()) {
        return refuse(request, {ErrorCode::BadRequest, std::string(request.event) +
                                                           " needs a message: {message, type, "
                                                           "targetUserId}"});
    }
    if (request.ack_id) socket_.acknowledge(*request.ack_id, announcement.body, {});
    application_.shared().announcements.announce(
        std::make_shared<const Announcement>(std::move(announcement)));
}

void SocketIoClient::publish(Request& request) {
    const Reaction& reaction = request.reaction;
    const ApiContext context = state_.api();
    if (state_.draining) return refuse(request, {ErrorCode::Unavailable, "draining", true});
    const auto topic = reaction.topic->make(request.values);
    if (!topic.ok()) return refuse(request, {ErrorCode::BadTopic, topic.error()});
    PublishRequest publish{topic.value(), {}, reaction.qos, reaction.retain, identity().user};
    const Brace* const missing = std::visit(
        [&](const auto& payload) { return payload.append(request.values, publish.payload); },
        reaction.payload);
    if (missing != nullptr) return refuse(request, missing_value(request.event, *missing));
    if (const auto refusal = refuse_publish(publish, *session_->access(), context)) {
        return refuse(request, {ErrorCode::Forbidden, *refusal});
    }
    request.values.topic = topic.value();
    std::string body = "{\"ok\":true}";
    if (reaction.reply && reaction.reply->body) {
        body.clear();
        reaction.reply->body->append_or_null(request.values, body);
    }
    const std::size_t bytes = body.size();
    const RequestError too_many{ErrorCode::Limit, "too many publishes wait for the broker", true};
    if (!application_.keep_reply(bytes)) return refuse(request, too_many);
    const bool asked = state_.publishes.request(
        std::move(publish),
        [weak = std::weak_ptr(self_), &application = application_, bytes, body = std::move(body),
         event = reaction.reply ? reaction.reply->event : std::string(),
         ack_id = request.ack_id](PublishResult result) {
            assert_on_listener_thread();
            application.forget_reply(bytes);
            if (const auto self = weak.lock()) (*self)->on_published(event, body, ack_id, result);
        });
    if (asked) return;
    application_.forget_reply(bytes);
    refuse(request, too_many);
}

void SocketIoClient::on_published(const std::string& event, const std::string& body,
                                  std::optional<std::uint64_t> ack_id, PublishResult result) {
    if (closing()) return;
    if (result != PublishResult::Taken) {
        return refuse(ack_id, {ErrorCode::BrokerRefused, std::string(why_not_published(result))});
    }
    if (!event.empty()) socket_.emit(event, body);
    if (ack_id) socket_.acknowledge(*ack_id, body, {});
}

void SocketIoClient::reply(const Request& request, std::string_view default_body) {
    if (closing()) return;
    const auto& wanted = request.reaction.reply;
    std::string body;
    if (wanted && wanted->body) {
        wanted->body->append_or_null(request.values, body);
    } else {
        body = default_body;
    }
    if (wanted) socket_.emit(wanted->event, body);
    if (request.ack_id) socket_.acknowledge(*request.ack_id, body, {});
}

void SocketIoClient::refuse(const Request& request, const RequestError& error) {
    refuse(request.ack_id, error);
}

void SocketIoClient::refuse(std::optional<std::uint64_t> ack_id, const RequestError& error) {
    const std::string_view code = name_of(error.code);
    send_error(code, error.message);
    if (ack_id) socket_.acknowledge(*ack_id, error_acknowledgement(code, error.message), {});
}

}  // namespace rtbridge
