#include "transport/engineio_socket_relay.h"

#include <cassert>

#include "transport/engineio_conversation.h"
#include "transport/engineio_relay.h"
#include "transport/engineio_server.h"

namespace rtbridge {
namespace {

// Of what is under way, so that empty messages count as well.
constexpr std::size_t overhead = 64;

}  // namespace

class EngineIoSocketRelay::Forwarded final : public Conversation {
public:
    Forwarded(EngineIoSocketRelay& relay, std::uint32_t owner, WebSocket& socket, std::string sid)
        : relay_(&relay),
          owner_(owner),
          id_(relay.next_id_++),
          socket_(socket),
          sid_(std::move(sid)),
          max_payload_bytes_(relay.server_.settings().max_payload_bytes) {}
    Forwarded(const Forwarded&) = delete;
    Forwarded& operator=(const Forwarded&) = delete;
    ~Forwarded() override {
        assert_on_listener_thread();
        on_closed();
    }

    // The conversation.

    void begin(SessionAccessPtr /*access*/) override ON_LISTENER_THREAD {
        using Sent = EngineIoErrands::Sent;
        const auto sent =
            relay_ == nullptr
                ? Sent::NobodyThere
                : relay_->errands_.send(
                      owner_,
                      [from = relay_->here_, id = id_, sid = sid_](EngineIoRelay& there) {
                          assert_on_listener_thread();
                          there.sockets().serve(from, id, sid);
                      },
                      sid_.size());
        if (sent == Sent::Yes) {
            relay_->forwarded_.emplace(id_, this);
            served_ = true;
        } else if (sent == Sent::NoRoom) {
            socket_.close(CloseCode::OverCapacity, "too many requests at this time");
        } else {
            socket_.close(CloseCode::ProtocolError, "not open to this session");
        }
    }
    void on_message(std::string_view message, Message kind) override ON_LISTENER_THREAD;
    [[nodiscard]] MessageLimit message_limit() const override {
        return {max_payload_bytes_, Limit::SocketIoPayload, "socketio.max_payload"};
    }
    void on_writable() override ON_LISTENER_THREAD {
        if (!held_.empty() && socket_.ready()) pass_on(std::exchange(held_, {}));
    }
    void on_peer_close() override ON_LISTENER_THREAD { on_closed(); }
    void on_closed() override ON_LISTENER_THREAD {
        if (!std::exchange(served_, false) || relay_ == nullptr) return;
        relay_->forwarded_.erase(id_);
        relay_->errands_.answer(owner_, [from = relay_->here_, id = id_](EngineIoRelay& there) {
            assert_on_listener_thread();
            there.sockets().stop_serving(from, id);
        });
    }
    void close(CloseCode code, std::string_view reason) override ON_LISTENER_THREAD;
    [[nodiscard]] std::string_view transport() const override { return "socket.io"; }
    [[nodiscard]] SessionOutput::Liveness liveness() const override {
        return SessionOutput::Liveness::Elsewhere;
    }

    // Errands.

    void write(const std::string& frames) ON_LISTENER_THREAD {
        if (held_.empty() && socket_.ready()) return pass_on(frames);
        held_ += frames;
        socket_.request_writable();
    }
    void taken(std::size_t bytes) ON_LISTENER_THREAD {
        under_way_ -= bytes;
        if (under_way_ > window || !paused_) return;
        paused_ = false;
        socket_.resume_reading();
    }
    void close_socket(CloseCode code, const std::string& reason) ON_LISTENER_THREAD {
        socket_.close(code, reason);
    }

    void leave() { relay_ = nullptr; }

private:
    template <typename Do>
    void tell(Do what) ON_LISTENER_THREAD {
        if (relay_ != nullptr && served_) {
            relay_->tell_served(owner_, relay_->here_, id_, std::move(what));
        }
    }
    void pass_on(const std::string& frames) ON_LISTENER_THREAD;

    EngineIoSocketRelay* relay_;  // null: it has gone
    const std::uint32_t owner_;
    const std::uint64_t id_;
    WebSocket& socket_;
    const std::string sid_;
    const std::size_t max_payload_bytes_;
    bool served_ = false;        // from begin() until it is closed
    std::string held_;           // what the socket has no room for
    std::size_t under_way_ = 0;  // to the session
    bool paused_ = false;
};

class EngineIoSocketRelay::Served final : public WebSocket {
public:
    Served(EngineIoSocketRelay& relay, std::uint32_t from, std::uint64_t id)
        : relay_(relay), from_(from), id_(id) {}

    void begin(const std::string& sid) ON_LISTENER_THREAD {
        conversation_ =
            std::make_shared<EngineIoConversation>(relay_.server_, *this, HttpRequest{}, sid);
        conversation_->begin(nullptr);
    }

    // The WebSocket.

    [[nodiscard]] bool ready() const override { return under_way_ < window; }
    [[nodiscard]] Written write(std::string_view frames) override {
        assert_on_listener_thread();
        const std::size_t bytes = frames.size() + overhead;
        under_way_ += bytes;
        tell([text = std::string(frames)](Forwarded& forwarded) {
            assert_on_listener_thread();
            forwarded.write(text);
        });
        return Written::Yes;
    }
    void request_writable() override {
        assert_on_listener_thread();
        if (std::exchange(wants_writable_, true) || !ready()) return;
        relay_.tell_served(relay_.here_, from_, id_, [](Served& self) {
            assert_on_listener_thread();
            self.taken(0);
        });
    }
    void close(CloseCode code, std::string_view reason) override {
        assert_on_listener_thread();
        tell([code, text = std::string(reason)](Forwarded& forwarded) {
            assert_on_listener_thread();
            forwarded.close_socket(code, text);
        });
    }
    [[nodiscard]] const WireShape& shape(std::uint32_t subscription) const override {
        return conversation_->shape(subscription);
    }
    [[nodiscard]] std::string_view transport() const override { return "socket.io"; }
    // What Engine.IO has no use for.
    void ping() override { assert(false); }
    void pause_reading() override { assert(false); }
    void resume_reading() override { assert(false); }
    void abandon() override { assert(false); }
    [[nodiscard]] const std::string& peer_address() const override { return peer_address_; }

    // Errands.

    void on_message(std::string_view message, Conversation::Message kind) ON_LISTENER_THREAD {
        conversation_->on_message(message, kind);
        tell([bytes = message.size() + overhead](Forwarded& forwarded) {
            assert_on_listener_thread();
            forwarded.taken(bytes);
        });
    }
    void taken(std::size_t bytes) ON_LISTENER_THREAD {
        under_way_ -= bytes;
        if (ready() && std::exchange(wants_writable_, false)) conversation_->on_writable();
    }
    void close_conversation(CloseCode code, std::string_view reason) ON_LISTENER_THREAD {
        conversation_->close(code, reason);
    }
    void on_closed() ON_LISTENER_THREAD { conversation_->on_closed(); }

private:
    template <typename Do>
    void tell(Do what) ON_LISTENER_THREAD {
        relay_.tell_forwarded(from_, id_, std::move(what));
    }

    EngineIoSocketRelay& relay_;
    const std::uint32_t from_;
    const std::uint64_t id_;
    std::shared_ptr<EngineIoConversation> conversation_;
    std::string peer_address_;
    std::size_t under_way_ = 0;  // to the browser
    bool wants_writable_ = false;
};

void EngineIoSocketRelay::Forwarded::on_message(std::string_view message, Message kind) {
    under_way_ += message.size() + overhead;
    if (under_way_ > window && !paused_) {
        paused_ = true;
        socket_.pause_reading();
    }
    tell([text = std::string(message), kind](Served& served) {
        assert_on_listener_thread();
        served.on_message(text, kind);
    });
}

void EngineIoSocketRelay::Forwarded::close(CloseCode code, std::string_view reason) {
    if (relay_ == nullptr || !served_ || !relay_->errands_.anyone(owner_)) {
        return socket_.close(code, reason);
    }
    tell([code, text = std::string(reason)](Served& served) {
        assert_on_listener_thread();
        served.close_conversation(code, text);
    });
}

void EngineIoSocketRelay::Forwarded::pass_on(const std::string& frames) {
    if (socket_.write(frames) == SessionOutput::Written::No) return;  // it closes
    tell([bytes = frames.size() + overhead](Served& served) {
        assert_on_listener_thread();
        served.taken(bytes);
    });
}

EngineIoSocketRelay::EngineIoSocketRelay(EngineIoServer& server, EngineIoErrands& errands,
                                         std::uint32_t here)
    : server_(server), errands_(errands), here_(here) {}

EngineIoSocketRelay::~EngineIoSocketRelay() {
    for (const auto& [id, forwarded] : forwarded_) forwarded->leave();
}

std::shared_ptr<Conversation> EngineIoSocketRelay::forward(std::uint32_t owner, WebSocket& socket,
                                                           std::string sid) {
    return std::make_shared<Forwarded>(*this, owner, socket, std::move(sid));
}

template <typename Do>
void EngineIoSocketRelay::tell_served(std::uint32_t owner, std::uint32_t from, std::uint64_t id,
                                      Do what) {
    errands_.answer(owner, [from, id, what = std::move(what)](EngineIoRelay& there) {
        const auto& served = there.sockets().served_;
        const auto found = served.find({from, id});
        if (found != served.end()) what(*found->second);
    });
}

template <typename Do>
void EngineIoSocketRelay::tell_forwarded(std::uint32_t from, std::uint64_t id, Do what) {
    errands_.answer(from, [id, what = std::move(what)](EngineIoRelay& there) {
        const auto& forwarded = there.sockets().forwarded_;
        const auto found = forwarded.find(id);
        if (found != forwarded.end()) what(*found->second);
    });
}

void EngineIoSocketRelay::serve(std::uint32_t from, std::uint64_t id, const std::string& sid) {
    auto& served = served_[{from, id}];
    served = std::make_unique<Served>(*this, from, id);
    served->begin(sid);
}

void EngineIoSocketRelay::stop_serving(std::uint32_t from, std::uint64_t id) {
    const auto found = served_.find({from, id});
    if (found == served_.end()) return;
    const std::unique_ptr<Served> gone = std::move(found->second);
    served_.erase(found);
    gone->on_closed();
}

}  // namespace rtbridge
