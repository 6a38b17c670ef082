// What a session of rtbridge.v1 asks for.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "listener/selection_check.h"
#include "transport/denial.h"
#include "transport/full_mode.h"
#include "transport/latest_page.h"
#include "transport/listener_state.h"
#include "transport/publish_check.h"
#include "transport/token_renewal.h"

namespace rtbridge {
namespace {

using nlohmann::ordered_json;

// Each value that is looked at is compared with each of them.
constexpr std::size_t get_topics_max = 32;

std::string_view to_text(Recovered recovered) {
    switch (recovered) {
        case Recovered::Full:
            return "full";
        case Recovered::Latest:
            return "latest";
        case Recovered::None:
            return "none";
        default:
            return "new";
    }
}

RequestError limit_reached(std::string_view which, std::size_t value, std::size_t maximum) {
    RequestError error{ErrorCode::Limit, "limit " + std::string(which) + " is reached"};
    error.which = which;
    error.value = value;
    error.maximum = maximum;
    return error;
}

// A subscription counts as many times as it has topic filters.
std::size_t filters_of(const Selection& selection) {
    return std::max<std::size_t>(selection.topics.size(), 1);
}

std::size_t filters_of(const Session& session) {
    std::size_t filters = 0;
    for (const auto& subscription : session.subscriptions()) {
        filters += filters_of(subscription->group->selection());
    }
    return filters;
}

}  // namespace

void FullMode::on_request(std::uint32_t id, SubscribeRequest& sub) {
    const ApiContext context = state_.api();
    const SessionAccess& access = *session_->access();
    const Selection& selection = sub.wanted.selection;
    const std::size_t filters = filters_of(*session_) + filters_of(selection);
    const std::size_t filters_max = state_.config->limits.subscriptions;
    if (filters > filters_max) {
        state_.metrics.hit(Limit::Subscriptions);
        return deny(id, limit_reached("subscriptions", filters, filters_max));
    }
    if (const auto denial = check_selection(selection, *access.grants)) {
        report_denial(context, access.identity(), denial->what, denial->rule);
        return deny(id, {ErrorCode::Forbidden, denial->message});
    }
    const Subscribed subscribed = state_.sessions.subscribe(*session_, sub.wanted);
    accept(id, "{\"sub\":" + std::to_string(subscribed.number) +
                   ",\"offset\":" + std::to_string(subscribed.offset) + ",\"recovered\":\"" +
                   std::string(to_text(subscribed.recovered)) + "\"}");
    session_->flush();
}

void FullMode::on_request(std::uint32_t id, const UnsubscribeRequest& unsub) {
    if (!state_.sessions.unsubscribe(*session_, unsub.subscription)) {
        return deny(id, {ErrorCode::BadRequest,
                         "there is no subscription " + std::to_string(unsub.subscription)});
    }
    accept(id, "{}");
}

void FullMode::on_request(std::uint32_t id, const GetRequest& get) {
    const SessionAccess& access = *session_->access();
    if (get.topics.size() > get_topics_max) {
        state_.metrics.hit(Limit::Subscriptions);
        return deny(id, limit_reached("topics", get.topics.size(), get_topics_max));
    }
    for (const TopicFilter& filter : get.topics) {
        if (access.grants->coverage(receive_live, filter) != Coverage::None) continue;
        report_denial(state_.api(), access.identity(), "topic " + filter.text(), nullptr);
        return deny(id, {ErrorCode::Forbidden, "no access to anything of " + filter.text()});
    }
    accept(id, latest_page(get, state_.sessions.values(), *access.grants, state_.metrics));
}

void FullMode::on_request(std::uint32_t id, PublishRequest& publish) {
    const SessionAccess& access = *session_->access();
    if (state_.draining) return deny(id, {ErrorCode::Unavailable, "draining", true});
    if (const auto refusal = refuse_publish(publish, access, state_.api())) {
        return deny(id, {ErrorCode::Forbidden, *refusal});
    }
    publish.user = access.identity().user;
    const bool asked = state_.publishes.request(
        std::move(publish), [weak = weak_from_this(), id](PublishResult result) {
            assert_on_listener_thread();
            if (const std::shared_ptr<FullMode> self = weak.lock()) self->on_published(id, result);
        });
    if (asked) return;
    RequestError error{ErrorCode::Limit, "too many publishes wait for the broker", true};
    error.which = "publishes";
    deny(id, error);
}

void FullMode::on_published(std::uint32_t id, PublishResult result) {
    if (closing()) return;
    if (result == PublishResult::Taken) return accept(id, "{}");
    deny(id, {ErrorCode::BrokerRefused, std::string(why_not_published(result)),
              result == PublishResult::RefusedByBroker});
}

void FullMode::on_request(std::uint32_t id, const AuthRequest& auth) {
    const ApiContext context = state_.api();
    auto renewed = renew_by_token(auth.token, *session_->access(), context);
    if (!renewed.ok()) {
        deny(id, renewed.error());
        if (expired(*session_->access(), context)) {
            close(CloseCode::InvalidToken, "invalid token");
        }
        return;
    }
    const std::optional<std::int64_t> ttl = ttl_s(*renewed.value(), context);
    accept(id, "{\"ttl\":" + (ttl ? std::to_string(*ttl) : "null") + '}');
    adopt(std::move(renewed).value());
}

// Subscriptions that are not allowed any more end; the session goes on, also without any.
void FullMode::adopt(SessionAccessPtr access) {
    std::vector<std::pair<std::uint32_t, std::string>> ended;
    for (const auto& subscription : session_->subscriptions()) {
        const auto denial = check_selection(subscription->group->selection(), *access->grants);
        if (!denial) continue;
        report_denial(state_.api(), access->identity(), denial->what, denial->rule);
        ended.emplace_back(subscription->number, denial->message);
    }
    for (const auto& [number, why] : ended) {
        (void)state_.sessions.unsubscribe(*session_, number);
        session_->send(state_.full_mode_shapes.of(number, batching_).ended(why));
    }
    state_.sessions.change_access(*session_, std::move(access));
    session_->flush();
}

void FullMode::recheck_access() {
    if (session_ == nullptr || closing()) return;  // open() looks at the new configuration
    const ConfigSnapshot& config = *state_.config;
    const ApiContext context = state_.api();
    if (const auto refusal = refuse_request(facts_, config.listener, config.auth)) {
        return close(CloseCode::Forbidden, refusal->message);
    }
    auto visitor = renewed(session_->access()->visitor, context.authenticator());
    if (!visitor) return close(CloseCode::Forbidden, "this login is not valid any more");
    adopt(state_.accesses.share(*std::move(visitor), context.policy()));
}

void FullMode::on_request(std::uint32_t id, const StatsRequest& /*stats*/) {
    const SessionRecord& record = session_->record();
    const ordered_json ok = {
        {"queue_bytes", record.queue_bytes.value()},
        {"matched", record.matched.value()},
        {"delivered", record.delivered.value()},
        {"conflated", record.conflated.value()},
        {"dropped", record.dropped.value()},
        {"gaps", record.gaps.value()},
        {"rtt_ms", round_trip_ms_ ? ordered_json(*round_trip_ms_) : ordered_json(nullptr)}};
    accept(id, ok.dump());
}

}  // namespace rtbridge
