#include "listener/latest_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"
#include "listener/updates.h"

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TopicFilter filter(std::string_view text) {
    return TopicFilter::parse(text).value();
}

Selection select(std::vector<std::string> topics, std::vector<std::string> keys = {}) {
    Selection selection;
    for (const std::string& topic : topics) selection.topics.push_back(filter(topic));
    for (const std::string& key : keys) selection.keys.push_back({"userId", key});
    return selection;
}

std::vector<std::string> payloads(const LatestStore& store, const Selection& selection) {
    std::vector<std::string> found;
    LatestStore::Walk walk(store, selection);
    while (!walk.done()) {
        for (const UpdatePtr& update : walk.step(2, MiB)) found.push_back(update->payload);
    }
    return found;
}

bool everything(const Update&) {
    return true;
}

TEST(LatestStore, KeepsTheNewestPerTopicAndKey) {
    LatestStore store;
    store.put(make_update("b", "1", "anna"), MiB);
    store.put(make_update("b", "2", "anna"), MiB);
    const UpdatePtr newest = make_update("b", "3", "bert");
    store.put(newest, MiB);

    EXPECT_THAT(payloads(store, {}), ElementsAre("2", "3"));
    EXPECT_EQ(store.newest_offset(), newest->offset);
}

TEST(LatestStore, FindsWhatASelectionSelects) {
    LatestStore store;
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

TEST(LatestStore, AWalkIsNotDisturbedByWhatComesAndGoes) {
    LatestStore store;
    for (const char* topic : {"a", "c", "e"}) store.put(make_update(topic, topic), MiB);
    const Selection everything;
    LatestStore::Walk walk(store, everything);
    ASSERT_EQ(walk.step(2, MiB).size(), 2U);

    store.erase_topic("c");
    store.erase_topic("e");
    store.put(make_update("b", "too late"), MiB);
    store.put(make_update("d", "d"), MiB);
    std::vector<std::string> rest;
    while (!walk.done()) {
        for (const UpdatePtr& update : walk.step(2, MiB)) rest.push_back(update->payload);
    }

    EXPECT_THAT(rest, ElementsAre("d"));
}

TEST(LatestStore, AStepOfAWalkIsBoundedInBytesAndInWhatItLooksAt) {
    LatestStore store;
    for (int i = 0; i < 10; ++i) store.put(make_update("t" + std::to_string(i), "12345678"), MiB);
    const Selection everything;
    const Selection one = select({"+/none"});

    EXPECT_EQ(LatestStore::Walk(store, everything).step(100, 16).size(), 2U);
    LatestStore::Walk walk(store, one);
    EXPECT_EQ(walk.step(5, MiB).size(), 0U);
    EXPECT_FALSE(walk.done());
}

TEST(LatestStore, AStepOverTheEntriesOfAKeyIsBoundedToo) {
    LatestStore store;
    for (int i = 0; i < 10; ++i) {
        store.put(make_update("t" + std::to_string(i), "12345678", "anna"), MiB);
    }
    store.put(make_update("t", "last", "bert"), MiB);
    const Selection keys = select({}, {"anna", "nobody", "bert"});
    LatestStore::Walk walk(store, keys);

    EXPECT_EQ(walk.step(100, 16).size(), 2U);
    EXPECT_FALSE(walk.done());
    EXPECT_EQ(walk.step(3, MiB).size(), 3U);
    EXPECT_FALSE(walk.done());
    EXPECT_EQ(walk.step(100, MiB).size(), 6U);
    EXPECT_TRUE(walk.done());
}

TEST(LatestStore, ForgetsWhatWasNotUpdatedForLongestWhenFull) {
    LatestStore store;
    const std::size_t room_for_two = 2 * make_update("a", "1", "k")->bytes() + 8;
    store.put(make_update("a", "1", "k"), room_for_two);
    store.put(make_update("b", "2", "k"), room_for_two);
    store.put(make_update("a", "3", "k"), room_for_two);

    EXPECT_EQ(store.put(make_update("c", "4", "k"), room_for_two), 1U);

    EXPECT_THAT(payloads(store, {}), ElementsAre("3", "4"));
    EXPECT_THAT(payloads(store, select({}, {"k"})), UnorderedElementsAre("3", "4"));
    EXPECT_LE(store.bytes(), room_for_two);
}

TEST(LatestStore, ForgetsATopicWhoseRetainedMessageWasCleared) {
    LatestStore store;
    store.put(make_update("a", "1", "anna"), MiB);
    store.put(make_update("a", "2", "bert"), MiB);
    store.put(make_update("b", "3"), MiB);

    store.erase_topic("a");

    EXPECT_THAT(payloads(store, {}), ElementsAre("3"));
    EXPECT_THAT(payloads(store, select({}, {"anna"})), IsEmpty());
}

TEST(LatestStore, PagesThroughEverythingOnce) {
    LatestStore store;
    for (const char* topic : {"p/1", "p/2", "p/3", "p/4", "q/1"}) {
        store.put(make_update(topic, topic), MiB);
    }
    std::vector<std::string> seen;
    std::optional<LatestStore::Position> after;

    for (int pages = 0; pages < 10; ++pages) {
        const auto page = store.page(filter("p/#"), everything, after ? &*after : nullptr, 3, MiB);
        for (const UpdatePtr& update : page.items) seen.push_back(update->topic);
        if (!page.next) break;
        after = page.next;
    }

    EXPECT_THAT(seen, ElementsAre("p/1", "p/2", "p/3", "p/4"));
}

TEST(LatestStore, APageIsBoundedInBytesButNeverEmpty) {
    LatestStore store;
    store.put(make_update("a", std::string(1000, '1')), MiB);
    store.put(make_update("b", std::string(1000, '2')), MiB);

    const auto page = store.page(filter("#"), everything, nullptr, 100, 10);

    EXPECT_EQ(page.items.size(), 1U);
    EXPECT_TRUE(page.next.has_value());
}

TEST(LatestStore, APageLeavesOutWhatIsNotAllowedAndGoesOnBehindIt) {
    LatestStore store;
    for (const char* topic : {"a", "b", "c"}) store.put(make_update(topic, topic), MiB);
    const auto not_a_or_b = [](const Update& update) { return update.topic == "c"; };

    const auto page = store.page(filter("#"), not_a_or_b, nullptr, 1, MiB);

    ASSERT_EQ(page.items.size(), 1U);
    EXPECT_EQ(page.items.front()->topic, "c");
    EXPECT_FALSE(page.next);
}

TEST(LatestStore, APageIsBoundedInWhatItLooksAt) {
    LatestStore store;
    const std::size_t entries = LatestStore::page_entries_max + 1;
    for (std::size_t i = 0; i < entries; ++i)
        store.put(make_update(std::to_string(i), "1"), MiB * 16);
    const auto nothing = [](const Update&) { return false; };

    const auto first = store.page(filter("#"), nothing, nullptr, 1, MiB);
    ASSERT_TRUE(first.next);
    const auto second = store.page(filter("#"), nothing, &*first.next, 1, MiB);

    EXPECT_TRUE(first.items.empty());
    EXPECT_FALSE(second.next);
}

}  // namespace
}  // namespace rtbridge
