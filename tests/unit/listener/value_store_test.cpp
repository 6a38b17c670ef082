#include "listener/value_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "listener/updates.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr auto Any = ValueStore::Payloads::Any;
constexpr auto JsonOnly = ValueStore::Payloads::JsonOnly;

TopicFilter filter(std::string_view text) {
    return TopicFilter::parse(text).value();
}

Selection select(std::vector<std::string> topics, std::vector<std::string> keys = {}) {
    Selection selection;
    for (const std::string& topic : topics) selection.topics.push_back(filter(topic));
    for (const std::string& key : keys) selection.keys.push_back({"userId", key});
    return selection;
}

std::vector<std::string> payloads(const ValueStore& store, const Selection& selection) {
    std::vector<std::string> found;
    ValueStore::Walk walk(store, selection, Any);
    while (!walk.done()) {
        for (const UpdatePtr& update : walk.step(2, MiB)) found.push_back(update->payload);
    }
    return found;
}

bool everything(const Update&) {
    return true;
}

TEST(ValueStore, KeepsTheNewestPerTopicAndKey) {
    ValueStore store;
    store.put(make_update("b", "1", "anna"), MiB);
    store.put(make_update("b", "2", "anna"), MiB);
    const UpdatePtr newest = make_update("b", "3", "bert");
    store.put(newest, MiB);

    EXPECT_THAT(payloads(store, {}), ElementsAre("2", "3"));
    EXPECT_EQ(store.newest_offset(), newest->offset);
}

TEST(ValueStore, FindsWhatASelectionSelects) {
    ValueStore store;
    store.put(make_update("site", "0"), MiB);
    store.put(make_update("site/a/soc", "1", "anna"), MiB);
    store.put(make_update("site/b/soc", "2", "bert"), MiB);
    store.put(make_update("sitemap", "3"), MiB);
    store.put(make_update("$own/x", "4"), MiB);

    EXPECT_THAT(payloads(store, select({"site/a/soc"})), ElementsAre("1"));
    EXPECT_THAT(payloads(store, select({"site/+/soc"})), ElementsAre("1", "2"));
    EXPECT_THAT(payloads(store, select({"site/#"})), ElementsAre("0", "1", "2"));
    EXPECT_THAT(payloads(store, select({"#"})), ElementsAre("0", "1", "2", "3"));
    EXPECT_THAT(payloads(store, select({"site/a/#", "site/+/soc"})), ElementsAre("1", "2"));
    EXPECT_THAT(payloads(store, select({}, {"bert", "anna"})), UnorderedElementsAre("1", "2"));
    EXPECT_THAT(payloads(store, select({"site/a/#"}, {"bert"})), IsEmpty());
}

TEST(ValueStore, AWalkIsNotDisturbedByWhatComesAndGoes) {
    ValueStore store;
    for (const char* topic : {"a", "c", "e"}) store.put(make_update(topic, topic), MiB);
    const Selection everything;
    ValueStore::Walk walk(store, everything, Any);
    ASSERT_EQ(walk.step(2, MiB).size(), 2U);

    store.clear_topic("c", 0);
    store.clear_topic("e", 0);
    store.put(make_update("b", "too late"), MiB);
    store.put(make_update("d", "d"), MiB);
    std::vector<std::string> rest;
    while (!walk.done()) {
        for (const UpdatePtr& update : walk.step(2, MiB)) rest.push_back(update->payload);
    }

    EXPECT_THAT(rest, ElementsAre("d"));
}

TEST(ValueStore, AStepOfAWalkIsBoundedInBytesAndInWhatItLooksAt) {
    ValueStore store;
    for (int i = 0; i < 10; ++i) store.put(make_update("t" + std::to_string(i), "12345678"), MiB);
    const Selection everything;
    const Selection one = select({"+/none"});

    EXPECT_EQ(ValueStore::Walk(store, everything, Any).step(100, 16).size(), 2U);
    ValueStore::Walk walk(store, one, Any);
    EXPECT_EQ(walk.step(5, MiB).size(), 0U);
    EXPECT_FALSE(walk.done());
}

TEST(ValueStore, AStepOverTheEntriesOfAKeyIsBoundedToo) {
    ValueStore store;
    for (int i = 0; i < 10; ++i) {
        store.put(make_update("t" + std::to_string(i), "12345678", "anna"), MiB);
    }
    store.put(make_update("t", "last", "bert"), MiB);
    const Selection keys = select({}, {"anna", "nobody", "bert"});
    ValueStore::Walk walk(store, keys, Any);

    EXPECT_EQ(walk.step(100, 16).size(), 2U);
    EXPECT_FALSE(walk.done());
    EXPECT_EQ(walk.step(3, MiB).size(), 3U);
    EXPECT_FALSE(walk.done());
    EXPECT_EQ(walk.step(100, MiB).size(), 6U);
    EXPECT_TRUE(walk.done());
}

TEST(ValueStore, ForgetsWhatWasNotUpdatedForLongestWhenFull) {
    ValueStore store;
    const std::size_t room_for_two = 2 * make_update("a", "1", "k")->bytes() + 8;
    store.put(make_update("a", "1", "k"), room_for_two);
    store.put(make_update("b", "2", "k"), room_for_two);
    store.put(make_update("a", "3", "k"), room_for_two);

    EXPECT_EQ(store.put(make_update("c", "4", "k"), room_for_two), 1U);

    EXPECT_THAT(payloads(store, {}), ElementsAre("3", "4"));
    EXPECT_THAT(payloads(store, select({}, {"k"})), UnorderedElementsAre("3", "4"));
    EXPECT_LE(store.bytes(), room_for_two);
}

TEST(ValueStore, ForgetsATopicWhoseRetainedMessageWasCleared) {
    ValueStore store;
    store.put(make_update("a", "1", "anna"), MiB);
    store.put(make_update("a", "2", "bert"), MiB);
    store.put(make_update("b", "3"), MiB);

    store.clear_topic("a", 0);

    EXPECT_THAT(payloads(store, {}), ElementsAre("3"));
    EXPECT_THAT(payloads(store, select({}, {"anna"})), IsEmpty());
}

TEST(ValueStore, PagesThroughEverythingOnce) {
    ValueStore store;
    for (const char* topic : {"p/1", "p/2", "p/3", "p/4", "q/1"}) {
        store.put(make_update(topic, topic), MiB);
    }
    std::vector<std::string> seen;
    std::optional<ValueStore::Position> after;

    for (int pages = 0; pages < 10; ++pages) {
        const auto page =
            store.page(filter("p/#"), Any, everything, after ? &*after : nullptr, 3, MiB);
        for (const UpdatePtr& update : page.items) seen.push_back(update->topic);
        if (!page.next) break;
        after = page.next;
    }

    EXPECT_THAT(seen, ElementsAre("p/1", "p/2", "p/3", "p/4"));
}

TEST(ValueStore, APageIsBoundedInBytesButNeverEmpty) {
    ValueStore store;
    store.put(make_update("a", std::string(1000, '1')), MiB);
    store.put(make_update("b", std::string(1000, '2')), MiB);

    const auto page = store.page(filter("#"), Any, everything, nullptr, 100, 10);

    EXPECT_EQ(page.items.size(), 1U);
    EXPECT_TRUE(page.next.has_value());
}

TEST(ValueStore, APageLeavesOutWhatIsNotAllowedAndGoesOnBehindIt) {
    ValueStore store;
    for (const char* topic : {"a", "b", "c"}) store.put(make_update(topic, topic), MiB);
    const auto not_a_or_b = [](const Update& update) { return update.topic == "c"; };

    const auto page = store.page(filter("#"), Any, not_a_or_b, nullptr, 1, MiB);

    ASSERT_EQ(page.items.size(), 1U);
    EXPECT_EQ(page.items.front()->topic, "c");
    EXPECT_FALSE(page.next);
}

TEST(ValueStore, APageIsBoundedInWhatItLooksAt) {
    ValueStore store;
    const std::size_t entries = ValueStore::page_entries_max + 1;
    for (std::size_t i = 0; i < entries; ++i)
        store.put(make_update(std::to_string(i), "1"), MiB * 16);
    const auto nothing = [](const Update&) { return false; };

    const auto first = store.page(filter("#"), Any, nothing, nullptr, 1, MiB);
    ASSERT_TRUE(first.next);
    const auto second = store.page(filter("#"), Any, nothing, &*first.next, 1, MiB);

    EXPECT_TRUE(first.items.empty());
    EXPECT_FALSE(second.next);
}

UpdatePtr with_history(std::string topic, std::string payload, std::uint32_t last,
                       std::int64_t unix_ms = 0,
                       std::chrono::milliseconds keep = std::chrono::milliseconds(0)) {
    Update update = *make_update(std::move(topic), std::move(payload));
    update.history = {last, keep};
    update.unix_ms = unix_ms;
    return std::make_shared<const Update>(std::move(update));
}

bool nothing(const Update&) {
    return false;
}

struct Found {
    ValueStore::Kept kept;
    std::vector<std::string> payloads;
};
Found missed(const ValueStore& store, std::uint64_t since, const Selection& selection = {},
             const ValueStore::Allowed& history_allowed = everything) {
    const auto found = store.missed(selection, Any, everything, history_allowed, since);
    std::vector<std::string> payloads;
    for (const UpdatePtr& update : found.updates) payloads.push_back(update->payload);
    return {found.kept, payloads};
}

using Kept = ValueStore::Kept;

TEST(ValueStore, KnowsEverythingThatWasMissedAsFarAsHistoryGoes) {
    ValueStore store;
    store.put(with_history("a", "a1", 3), MiB);
    const std::uint64_t since = store.newest_offset();
    store.put(with_history("b", "b1", 3), MiB);
    store.put(with_history("a", "a2", 3), MiB);
    store.put(with_history("b", "b2", 3), MiB);
    store.put(with_history("a", "a3", 3), MiB);

    const Found found = missed(store, since);
    EXPECT_EQ(found.kept, Kept::All);
    EXPECT_THAT(found.payloads, ElementsAre("b1", "a2", "b2", "a3"));
    EXPECT_THAT(missed(store, since, select({"a"})).payloads, ElementsAre("a2", "a3"));
    EXPECT_THAT(missed(store, store.newest_offset()).payloads, IsEmpty());
    EXPECT_EQ(missed(store, store.newest_offset()).kept, Kept::All);
}

TEST(ValueStore, WithoutHistoryOneMissedValuePerTopicIsEverything) {
    ValueStore store;
    store.put(make_update("a", "a1"), MiB);
    const std::uint64_t since = store.newest_offset();
    store.put(make_update("a", "a2"), MiB);
    EXPECT_EQ(missed(store, since).kept, Kept::All);

    store.put(make_update("a", "a3"), MiB);

    EXPECT_EQ(missed(store, since).kept, Kept::Newest);
    EXPECT_EQ(missed(store, since, select({"other"})).kept, Kept::All);
}

TEST(ValueStore, NeverCallsAPartOfWhatWasMissedEverything) {
    ValueStore store;
    store.put(with_history("a", "a0", 2), MiB);
    const std::uint64_t since = store.newest_offset();
    for (const char* payload : {"a1", "a2", "a3"}) store.put(with_history("a", payload, 2), MiB);

    EXPECT_EQ(missed(store, since).kept, Kept::Newest);
    EXPECT_EQ(missed(store, since + 1).kept, Kept::All);
    EXPECT_THAT(missed(store, since + 1).payloads, ElementsAre("a2", "a3"));
}

// A reload took history from the rule, or another rule without it has the same topic and key.
TEST(ValueStore, WhereHistoryEndsAPartIsNotEverythingEither) {
    ValueStore store;
    for (const char* payload : {"a0", "a1"}) store.put(with_history("a", payload, 5), MiB);
    const std::uint64_t since = store.newest_offset();
    store.put(with_history("a", "a2", 5), MiB);

    store.put(make_update("a", "a3"), MiB);

    EXPECT_EQ(missed(store, since).kept, Kept::Newest);
    EXPECT_EQ(missed(store, since + 1).kept, Kept::All);
}

TEST(ValueStore, HistoryEndsAtItsAge) {
    ValueStore store;
    using std::chrono::seconds;
    store.put(with_history("a", "a0", 100, 0, seconds(10)), MiB);
    const std::uint64_t since = store.newest_offset();
    store.put(with_history("a", "a1", 100, 1'000, seconds(10)), MiB);
    store.put(with_history("a", "a2", 100, 9'000, seconds(10)), MiB);
    EXPECT_EQ(missed(store, since).kept, Kept::All);

    store.put(with_history("a", "a3", 100, 12'000, seconds(10)), MiB);

    EXPECT_EQ(missed(store, since).kept, Kept::Newest);
    EXPECT_EQ(store.history_size(), 1U);
}

TEST(ValueStore, WhenFullHistoryGoesBeforeTheNewestValues) {
    ValueStore store;
    store.put(make_update("quiet", "q"), MiB);
    const std::uint64_t since = store.newest_offset();
    const std::size_t room = 8 * make_update("busy", "1")->bytes();
    std::size_t forgotten = 0;
    for (int i = 0; i < 100; ++i) forgotten += store.put(with_history("busy", "b", 50), room);

    EXPECT_GT(forgotten, 0U);
    EXPECT_LE(store.bytes(), room);
    EXPECT_THAT(payloads(store, select({"quiet"})), ElementsAre("q"));
    EXPECT_EQ(missed(store, since).kept, Kept::Newest);
}

TEST(ValueStore, KnowsNothingBeforeAValueThatItForgotOrNeverGot) {
    ValueStore forgetful;
    forgetful.put(make_update("a", "1"), MiB);
    const std::uint64_t since = forgetful.newest_offset();
    forgetful.put(make_update("b", "2"), MiB);
    forgetful.put(make_update("c", "3"), make_update("c", "3")->bytes());
    EXPECT_EQ(missed(forgetful, since).kept, Kept::No);
    EXPECT_EQ(missed(forgetful, forgetful.newest_offset() - 1).kept, Kept::All);

    ValueStore unlucky;
    unlucky.put(make_update("a", "1"), MiB);
    const std::uint64_t before = unlucky.newest_offset();
    unlucky.note_lost(before + 5);
    EXPECT_EQ(missed(unlucky, before).kept, Kept::No);
    EXPECT_EQ(missed(unlucky, before + 5).kept, Kept::All);
}

TEST(ValueStore, OfAnOffsetThatWasNeverGivenItKnowsNothing) {
    ValueStore store;
    store.put(make_update("a", "1"), MiB);

    EXPECT_EQ(missed(store, store.newest_offset() + 1).kept, Kept::No);
}

TEST(ValueStore, OlderValuesAreForThoseWhoMaySeeHistory) {
    ValueStore store;
    store.put(with_history("a", "a0", 5), MiB);
    const std::uint64_t since = store.newest_offset();
    store.put(with_history("a", "a1", 5), MiB);
    EXPECT_EQ(missed(store, since, {}, nothing).kept, Kept::All);

    store.put(with_history("a", "a2", 5), MiB);

    EXPECT_EQ(missed(store, since, {}, nothing).kept, Kept::Newest);
}

TEST(ValueStore, HistoryOutlivesAClearedTopic) {
    ValueStore store;
    store.put(with_history("a", "a0", 5), MiB);
    const std::uint64_t since = store.newest_offset();
    store.put(with_history("a", "a1", 5), MiB);
    store.clear_topic("a", store.newest_offset() + 1);

    EXPECT_THAT(payloads(store, {}), IsEmpty());
    EXPECT_THAT(missed(store, since).payloads, ElementsAre("a1"));
}

TEST(ValueStore, WhereOnlyJsonFitsTheNewestJsonStaysTheNewestValue) {
    ValueStore store;
    store.put(make_update("a", "1"), MiB);
    store.put(make_update("a", "not json", {}, PayloadShape::Text), MiB);
    store.put(make_update("a", "nor this", {}, PayloadShape::Text), MiB);
    const auto newest = [&store](ValueStore::Payloads wanted) {
        return ValueStore::Walk(store, {}, wanted).step(10, MiB).front()->payload;
    };

    EXPECT_EQ(newest(JsonOnly), "1");
    EXPECT_EQ(newest(Any), "nor this");
    store.put(make_update("a", "2"), MiB);
    EXPECT_EQ(newest(JsonOnly), "2");
    EXPECT_EQ(store.bytes(), make_update("a", "2")->bytes());
}

TEST(ValueStore, WhatATransportExpressesIsItsNewestValue) {
    const auto update = [](const char* payload, PayloadShape shape, const char* sse_body,
                           bool socketio_missing) {
        Update made = *make_update("a", payload, {}, shape);
        made.sse_body = sse_body;
        made.socketio_body_missing = socketio_missing;
        return std::make_shared<const Update>(std::move(made));
    };
    ValueStore store;
    const auto newest = [&store](ValueStore::Payloads wanted) {
        const auto found = ValueStore::Walk(store, {}, wanted).step(10, MiB);
        return found.empty() ? "none" : found.front()->body(wanted);
    };
    store.put(update("1", PayloadShape::Json, "", true), MiB);
    EXPECT_EQ(newest(JsonOnly), "1");
    EXPECT_EQ(newest(Payloads::SocketIoBody), "none");

    store.put(update("2", PayloadShape::Json, "[2]", false), MiB);
    store.put(update("off", PayloadShape::Text, "[3]", true), MiB);
    store.put(update("on", PayloadShape::Text, "", true), MiB);

    EXPECT_EQ(newest(Any), "on");
    EXPECT_EQ(newest(JsonOnly), "2");
    EXPECT_EQ(newest(Payloads::SseBody), "[3]");
    EXPECT_EQ(newest(Payloads::SocketIoBody), "2");
    store.clear_topic("a", 0);
    EXPECT_EQ(newest(Payloads::SseBody), "none");
    const UpdatePtr last = update("4", PayloadShape::Json, "", false);
    store.put(last, MiB);
    EXPECT_EQ(newest(Payloads::SseBody), "4");
    EXPECT_EQ(store.bytes(), last->bytes());
}

TEST(ValueStore, AValueOfSeveralIsCountedOnceInBytes) {
    ValueStore store;
    const UpdatePtr json = make_update("a", "1");
    const UpdatePtr text = make_update("a", "off", {}, PayloadShape::Text);
    store.put(json, MiB);
    store.put(text, MiB);

    EXPECT_EQ(store.bytes(), json->bytes() + text->bytes());
    store.put(make_update("b", "1"), 1);  // room for nothing
    EXPECT_EQ(store.bytes(), 0U);
}

TEST(ValueStore, VariantsAreValuesOfTheirOwn) {
    ValueStore store;
    for (const char* payload : {"old ", "new "}) {
        store.put(make_variant("a", payload + std::string("0"), 0, 2, "anna"), MiB);
        store.put(make_variant("a", payload + std::string("1"), 1, 2, "anna"), MiB);
    }
    store.put(make_update("b", "b"), MiB);

    EXPECT_THAT(payloads(store, {}), ElementsAre("new 0", "new 1", "b"));
    EXPECT_THAT(payloads(store, select({}, {"anna"})), ElementsAre("new 0", "new 1"));
    const auto page = store.page(filter("#"), Any, everything, nullptr, 1, MiB);
    ASSERT_TRUE(page.next);
    EXPECT_EQ(store.page(filter("#"), Any, everything, &*page.next, 1, MiB).items.at(0)->payload,
              "new 1");
}

TEST(ValueStore, APublishWithFewerVariantsEndsTheOthers) {
    ValueStore store;
    for (std::uint32_t i = 0; i < 3; ++i) {
        store.put(make_variant("a", "a" + std::to_string(i), i, 3, "anna"), MiB);
        store.put(make_variant("a", "b" + std::to_string(i), i, 3, "bert"), MiB);
    }

    store.put(make_variant("a", "newer", 1, 2, "anna"), MiB);
    EXPECT_THAT(payloads(store, {}), ElementsAre("a0", "newer", "b0", "b1", "b2"));
    store.put(make_variant("a", "alone", 0, 1, "anna"), MiB);
    EXPECT_THAT(payloads(store, {}), ElementsAre("alone", "b0", "b1", "b2"));
    store.put(make_variant("a", "again", 2, 3, "anna"), MiB);
    EXPECT_THAT(payloads(store, {}), ElementsAre("alone", "again", "b0", "b1", "b2"));
}

TEST(ValueStore, AnOlderPublishThatWasHeldBackEndsNoNewerVariant) {
    ValueStore store;
    Update newer = *make_variant("a", "newer", 1, 2);
    newer.unix_ms = 2000;
    store.put(std::make_shared<const Update>(newer), MiB);
    Update held = *make_variant("a", "held", 0, 1);
    held.unix_ms = 1000;
    store.put(std::make_shared<const Update>(held), MiB);

    EXPECT_THAT(payloads(store, {}), ElementsAre("held", "newer"));
}

TEST(ValueStore, FindsTheNewestOfAKey) {
    ValueStore store;
    store.put(make_update("z", "1", "anna"), MiB);
    store.put(make_update("a", "2", "anna"), MiB);
    store.put(make_update("a", "3", "bert"), MiB);
    store.put(make_update("b", "not JSON", "anna", PayloadShape::Text), MiB);
    const auto newest = [&](const std::string& key, std::vector<TopicFilter> topics,
                            const ValueStore::Allowed& allowed) {
        const UpdatePtr update = store.newest_of_key(key, topics, Payloads::JsonOnly, allowed);
        return update ? update->payload : "none";
    };

    EXPECT_EQ(newest("anna", {}, everything), "2");
    EXPECT_EQ(newest("anna", {filter("z/#")}, everything), "1");
    EXPECT_EQ(newest("anna", {filter("b")}, everything), "none");
    EXPECT_EQ(newest("anna", {}, [](const Update& update) { return update.topic != "a"; }), "1");
    EXPECT_EQ(newest("carl", {}, everything), "none");
    EXPECT_EQ(store.key_count(), 2U);
}

}  // namespace
}  // namespace rtbridge
