// What browsers ask of the broker, and how often they hear from it.

#include <exception>
#include <utility>

#include "bridge.h"

namespace rtbridge {
namespace {

// So that a crowd of browsers holds up the broker's turn for a millisecond at most.
constexpr std::size_t browser_publishes_per_turn = 256;

}  // namespace

void Bridge::show_browsers(BrowserUpdate&& update) {
    if (!thinning_.concerns(update)) return hand_off(std::move(update));
    std::vector<BrowserUpdate> ready;
    thinning_.offer(std::move(update), ready);
    for (BrowserUpdate& passed : ready) hand_off(std::move(passed));
}

void Bridge::show_what_waited() {
    std::vector<BrowserUpdate> ready;
    thinning_.release_due(ready);
    for (BrowserUpdate& waited : ready) hand_off(std::move(waited));
}

bool Bridge::take_browser_publishes() {
    doorbell_.answered();
    const bool any = listeners_->serve_publishes(
        browser_publishes_per_turn, [this](const PublishRequest& request) {
            assert_on_broker_thread();
            try {
                return publish_of_browser(request);
            } catch (const std::exception&) {  // out of memory
                metrics_.broker_refused.add();
                return PublishResult::RefusedByBroker;
            }
        });
    if (any && listeners_->any_publishes_waiting()) doorbell_.ring();
    return any;
}

// The broker shows no plugin what plugins publish: the rules see it here, as they would a device's.
PublishResult Bridge::publish_of_browser(const PublishRequest& request) {
    metrics_.messages_in.add();
    metrics_.publishes_browsers.add();
    const Publish publish{.topic = request.topic,
                          .payload = request.payload,
                          .retain = request.retain,
                          .user = request.user};
    Outcome outcome = rules_->apply(publish, workspace_, clock_);
    if (outcome.matched > 0) count(publish, outcome);
    if (outcome.drop) {
        put_in_quarantine(publish, request.qos, outcome);
        return PublishResult::DroppedByRule;
    }
    const std::string& payload = outcome.replacement ? *outcome.replacement : request.payload;
    if (!broker_.publish(request.topic, payload, request.qos, request.retain)) {
        metrics_.broker_refused.add();
        return PublishResult::RefusedByBroker;
    }
    if (outcome.matched > 0) retained_.note_live(publish.topic);
    pass_on(publish, request.qos, outcome);
    return PublishResult::Taken;
}

}  // namespace rtbridge
