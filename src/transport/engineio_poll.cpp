#include "transport/engineio_poll.h"

#include <utility>

#include "transport/engineio_session.h"

namespace rtbridge {

EngineIoPoll::EngineIoPoll(EngineIoSession& session, HttpHeaders cors)
    : session_(&session), cors_(std::move(cors)) {}

EngineIoPoll::~EngineIoPoll() {
    assert_on_listener_thread();
    on_gone();
}

void EngineIoPoll::finish(HttpReply reply) {
    session_ = nullptr;
    reply.headers.insert(reply.headers.end(), cors_.begin(), cors_.end());
    HttpExchange* const exchange = std::exchange(exchange_, nullptr);
    if (exchange == nullptr) {
        early_ = std::move(reply);
        return;
    }
    exchange->reply(reply);
}

void EngineIoPoll::begin(HttpExchange& exchange) {
    if (early_) {
        const HttpReply reply = *std::exchange(early_, std::nullopt);
        return exchange.reply(reply);
    }
    exchange_ = &exchange;
    if (session_ != nullptr) session_->on_poll_begun();
}

void EngineIoPoll::on_gone() {
    exchange_ = nullptr;
    if (session_ != nullptr) std::exchange(session_, nullptr)->on_poll_gone();
}

}  // namespace rtbridge
