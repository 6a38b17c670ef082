#include "topic/topic_trie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace rtbridge {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TopicFilter filter(std::string_view text) {
    return TopicFilter::parse(text).value();
}

std::vector<std::uint32_t> match(const TopicTrie& trie, std::string_view topic) {
    std::vector<std::uint32_t> ids = {77};  // whatever was there before goes
    trie.match(topic, ids);
    return ids;
}

TEST(TopicTrie, GivesTheIdsOfAllMatchingFiltersAscendingAndOnce) {
    TopicTrie trie;
    trie.insert(filter("a/b"), 9);
    trie.insert(filter("a/+"), 5);
    trie.insert(filter("a/#"), 7);
    trie.insert(filter("#"), 1);
    trie.insert(filter("+/b"), 9);
    trie.insert(filter("a/b/#"), 2);
    trie.insert(filter("a/b/+"), 3);

    EXPECT_THAT(match(trie, "a/b"), ElementsAre(1, 2, 5, 7, 9));
    EXPECT_THAT(match(trie, "a"), ElementsAre(1, 7));
    EXPECT_THAT(match(trie, "a/b/c"), ElementsAre(1, 2, 3, 7));
    EXPECT_THAT(match(trie, "$a/b"), IsEmpty());
}

TEST(TopicTrie, IsEmptyAtFirst) {
    EXPECT_THAT(match(TopicTrie(), "a/b"), IsEmpty());
    EXPECT_THAT(match(TopicTrie(), ""), IsEmpty());
}

TEST(TopicTrie, ForgetsOnlyTheErasedIdOfTheErasedFilter) {
    TopicTrie trie;
    trie.insert(filter("a/+"), 1);
    trie.insert(filter("a/+"), 2);
    trie.insert(filter("a/b"), 1);

    EXPECT_TRUE(trie.erase(filter("a/+"), 1));

    EXPECT_THAT(match(trie, "a/b"), ElementsAre(1, 2));
    EXPECT_THAT(match(trie, "a/c"), ElementsAre(2));
    EXPECT_FALSE(trie.erase(filter("a/+"), 1)) << "it is gone already";
    EXPECT_FALSE(trie.erase(filter("a"), 2)) << "an inner node without ids";
    EXPECT_FALSE(trie.erase(filter("a/b/c"), 1)) << "a filter that never was";
}

TEST(TopicTrie, GivesItsNodesBackWhenTheLastFilterGoes) {
    TopicTrie trie;
    const std::size_t empty = trie.node_count();
    for (std::uint32_t i = 0; i < 1000; ++i) {
        trie.insert(filter("site/" + std::to_string(i) + "/+/state/#"), i);
    }
    for (std::uint32_t i = 0; i < 1000; ++i) {
        EXPECT_TRUE(trie.erase(filter("site/" + std::to_string(i) + "/+/state/#"), i));
    }

    EXPECT_EQ(trie.node_count(), empty);
    EXPECT_THAT(match(trie, "site/1/x/state"), IsEmpty());
}

TEST(TopicTrie, TakesTheDeepestFilterThereIs) {
    std::string deep;
    for (int i = 0; i < 32'767; ++i) deep += "+/";
    deep += '#';
    TopicTrie trie;

    trie.insert(filter(deep), 1);

    EXPECT_THAT(match(trie, std::string(32'767, '/')), ElementsAre(1));
    EXPECT_TRUE(trie.erase(filter(deep), 1));
}

// The obvious way to do the same.
class LinearTrie {
public:
    void insert(const TopicFilter& f, std::uint32_t id) { filters_[f.text()].insert(id); }
    bool erase(const TopicFilter& f, std::uint32_t id) { return filters_[f.text()].erase(id) > 0; }
    [[nodiscard]] std::vector<std::uint32_t> match(std::string_view topic) const {
        std::set<std::uint32_t> ids;
        for (const auto& [text, of_filter] : filters_) {
            if (filter(text).matches(topic)) ids.insert(of_filter.begin(), of_filter.end());
        }
        return {ids.begin(), ids.end()};
    }

private:
    std::map<std::string, std::set<std::uint32_t>> filters_;
};

class RandomTopics {
public:
    explicit RandomTopics(std::uint32_t seed) : random_(seed) {}

    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
    std::string topic() { return levels({"a", "b", "c", "", "$x", "long level name"}); }
    TopicFilter next_filter() {
        std::string text = levels({"a", "b", "c", "", "$x", "+", "+", "long level name"});
        if (below(4) == 0) text += "/#";
        if (below(50) == 0 || text.empty()) text = "#";
        return filter(text);
    }

private:
    std::string levels(const std::vector<std::string>& words) {
        std::string text = words[below(static_cast<std::uint32_t>(words.size()))];
        for (std::uint32_t more = below(5); more > 0; --more) {
            text += '/' + words[below(static_cast<std::uint32_t>(words.size()))];
        }
        return text;
    }
    std::mt19937 random_;
};

TEST(TopicTrie, AgreesWithTheLinearSearchWhileFiltersComeAndGo) {
    for (std::uint32_t seed = 1; seed <= 10; ++seed) {
        RandomTopics random(seed);
        TopicTrie trie;
        LinearTrie linear;
        std::vector<std::pair<TopicFilter, std::uint32_t>> all;
        for (int step = 0; step < 400; ++step) {
            if (all.empty() || random.below(3) > 0) {
                all.emplace_back(random.next_filter(), random.below(40));
                trie.insert(all.back().first, all.back().second);
                linear.insert(all.back().first, all.back().second);
            } else {
                const auto& [f, id] = all[random.below(static_cast<std::uint32_t>(all.size()))];
                ASSERT_EQ(trie.erase(f, id), linear.erase(f, id)) << f.text() << " seed " << seed;
            }
            const std::string topic = random.topic();
            ASSERT_EQ(match(trie, topic), linear.match(topic)) << topic << " seed " << seed;
        }
    }
}

}  // namespace
}  // namespace rtbridge
