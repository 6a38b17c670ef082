#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/result.h"
#include "config/config.h"
#include "handoff/doorbell.h"
#include "handoff/retained_inbox.h"
#include "retained/mqtt_packets.h"
#include "retained/retained_conversation.h"

namespace rtbridge {

// Reads once what the broker retained under some filters, as an MQTT client of its own over
// loopback. It has a thread to itself, which ends with the reading: the broker, which has to
// answer, must not wait, and browsers not either. That thread calls nothing of the broker and gets
// no signal.
//
// The first reading begins before the broker listens, so it tries until it can connect.
//
// Thread: any, one at a time.
class RetainedReader {
public:
    struct Limits {
        std::chrono::milliseconds connect_time{10'000};  // to be let in
        std::chrono::milliseconds read_time{60'000};     // for everything, from the start
        RetainedConversation::Limits conversation{};
        RetainedInbox::Limits inbox{};
    };
    struct Order {
        BindAddress to;
        MqttLogin login;
        std::vector<std::string> filters;
    };

    // `doorbell` outlives the reader. Errors: there is no thread or descriptor to be had.
    [[nodiscard]] static Result<std::unique_ptr<RetainedReader>, std::string> start(
        Order order, const Limits& limits, Doorbell& doorbell);
    RetainedReader(const RetainedReader&) = delete;
    RetainedReader& operator=(const RetainedReader&) = delete;
    ~RetainedReader();  // ends it wherever it is

    // What came; its outcome comes last, and always.
    [[nodiscard]] RetainedInbox& inbox() { return inbox_; }

private:
    RetainedReader(Order order, const Limits& limits, Doorbell& doorbell)
        : order_(std::move(order)), limits_(limits), inbox_(limits.inbox, doorbell) {}

    void run() noexcept;
    [[nodiscard]] RetainedOutcome read();
    [[nodiscard]] Result<FileDescriptor, std::string> connect(SteadyTime until) const;
    [[nodiscard]] Result<FileDescriptor, std::string> try_connect(SteadyTime until) const;
    // Waits for `events` of `fd`; -1: for time to pass. False: it is over or too late.
    [[nodiscard]] bool wait(int fd, short events, SteadyTime until) const;
    [[nodiscard]] std::string talk(int socket, RetainedConversation& conversation,
                                   SteadyTime until);
    [[nodiscard]] bool send(int socket, std::string_view bytes, SteadyTime until) const;

    const Order order_;
    const Limits limits_;
    RetainedInbox inbox_;
    FileDescriptor stop_;  // an eventfd, readable once it is to end
    std::thread thread_;
};

}  // namespace rtbridge
