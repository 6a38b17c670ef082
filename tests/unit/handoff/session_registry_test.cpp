#include "handoff/session_registry.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace rtbridge {
namespace {

SessionRecordPtr record_of(const std::string& user, std::string_view transport = "websocket") {
    auto record = std::make_shared<SessionRecord>();
    record->user = user;
    record->transport = transport;
    return record;
}

TEST(SessionRegistry, CountsSessionsPerUserAndTransport) {
    SessionRegistry registry;
    const SessionRecordPtr anna = record_of("anna");
    registry.add(anna, {});
    registry.add(record_of("anna", "sse"), {});
    registry.add(record_of(""), {});

    EXPECT_EQ(registry.size(), 3U);
    EXPECT_EQ(registry.count_of_user("anna"), 2U);
    EXPECT_EQ(registry.count_of_user(""), 0U);
    EXPECT_EQ(registry.count_by_transport(),
              (std::map<std::string_view, std::size_t>{{"sse", 1}, {"websocket", 2}}));

    registry.remove(anna);
    registry.remove(anna);

    EXPECT_EQ(registry.size(), 2U);
    EXPECT_EQ(registry.count_of_user("anna"), 1U);
}

TEST(SessionRegistry, ListsTheNewestDetails) {
    SessionRegistry registry;
    const SessionRecordPtr anna = record_of("anna");
    registry.add(anna, {});
    registry.set_details(anna, {nullptr, {std::make_shared<const std::string>("topic=a")}});

    const auto listed = registry.list();

    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(*listed.front().details.selections.front(), "topic=a");
}

TEST(SessionRegistry, IsSharedByListeners) {
    SessionRegistry registry;
    std::vector<std::thread> listeners;
    for (int i = 0; i < 4; ++i) {
        listeners.emplace_back([&registry] {
            for (int n = 0; n < 1000; ++n) {
                const SessionRecordPtr record = record_of("anna");
                registry.add(record, {});
                record->delivered.add();
                (void)registry.list();
                registry.remove(record);
            }
        });
    }
    for (std::thread& listener : listeners) listener.join();

    EXPECT_EQ(registry.size(), 0U);
    EXPECT_EQ(registry.count_of_user("anna"), 0U);
}

TEST(SessionRegistry, TellsWhatWaitsForAllAndForTheOneWithTheMost) {
    SessionRegistry registry;
    const SessionRecordPtr quick = record_of("anna");
    const SessionRecordPtr slow = record_of("");
    quick->queue_bytes.set(100);
    slow->queue_bytes.set(5'000);
    slow->subscriptions.set(2);
    registry.add(quick, {});
    registry.add(slow, {});

    EXPECT_EQ(registry.totals().queue_bytes, 5'100U);
    EXPECT_EQ(registry.totals().queue_bytes_largest, 5'000U);
    EXPECT_EQ(registry.totals().subscriptions, 2U);

    registry.remove(slow);
    EXPECT_EQ(registry.totals().queue_bytes, 100U);
    EXPECT_EQ(registry.totals().queue_bytes_largest, 100U);
    EXPECT_EQ(registry.totals().subscriptions, 0U);
}

}  // namespace
}  // namespace rtbridge
