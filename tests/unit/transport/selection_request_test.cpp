#include "transport/selection_request.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

ConfigSnapshot config_with_keys(std::vector<std::string> keys) {
    ConfigSnapshot config;
    for (std::string& key : keys) {
        config.rules.push_back({RuleConfig{}, std::move(key), nullptr});
    }
    return config;
}

using Query = std::vector<std::pair<std::string, std::string>>;

Result<SelectionRequest, SelectionRefusal> read(Query query, const ConfigSnapshot& config) {
    HttpRequest request;
    request.query = std::move(query);
    return read_selection(request, config);
}

TEST(SelectionRequest, ReadsTopicsKeysAndSnapshot) {
    const ConfigSnapshot config = config_with_keys({"userId"});

    const auto result =
        read({{"topic", "a/+"}, {"topic", "b/#"}, {"userId", "anna"}, {"snapshot", "0"}}, config);

    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.value().selection.topics.size(), 2U);
    ASSERT_EQ(result.value().selection.keys.size(), 1U);
    EXPECT_EQ(result.value().selection.keys[0].name, "userId");
    EXPECT_FALSE(result.value().snapshot);
}

TEST(SelectionRequest, NothingSelectedIsEverythingWithSnapshot) {
    const auto result = read({}, config_with_keys({}));

    ASSERT_TRUE(result.ok());
    EXPECT_TRUE(result.value().selection.topics.empty());
    EXPECT_TRUE(result.value().selection.keys.empty());
    EXPECT_TRUE(result.value().snapshot);
}

TEST(SelectionRequest, TakesAnUnencodedPlusAsTheWildcard) {
    const auto result = read({{"topic", "plant/ /soc"}}, config_with_keys({}));

    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.value().selection.topics[0].text(), "plant/+/soc");
}

TEST(SelectionRequest, KeepsASpaceInsideALevel) {
    const auto result = read({{"topic", "my plant/ x"}}, config_with_keys({}));

    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.value().selection.topics[0].text(), "my plant/ x");
}

TEST(SelectionRequest, RefusalsSayWhatWouldBeRight) {
    const ConfigSnapshot config = config_with_keys({"userId", "deviceId"});
    const struct {
        Query query;
        const char* says;
    } cases[] = {
        {{{"userID", "x"}},
         "unknown parameter \"userID\"; known are topic, snapshot, deviceId, userId"},
        {{{"topic", "a/#/b"}}, "topic=a/#/b: "},
        {{{"topic", ""}}, "topic=: "},
        {{{"snapshot", "yes"}}, "snapshot is 0 or 1"},
        {{{"userId", ""}}, "userId has no value"},
        {{{"userId", "a"}, {"deviceId", "b"}}, "userId and deviceId are keys of different rules"},
    };
    for (const auto& c : cases) {
        const auto result = read(c.query, config);
        ASSERT_FALSE(result.ok()) << c.says;
        EXPECT_TRUE(result.error().message.starts_with(c.says)) << result.error().message;
    }
}

TEST(SelectionRequest, CredentialsInTheQueryAreNoSelectors) {
    const auto result = read({{"ticket", "t"}, {"token", "t"}}, config_with_keys({}));

    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.value().selection.canonical(), "");
}

TEST(SelectionRequest, BoundsTheNumberOfSelectors) {
    ConfigSnapshot config = config_with_keys({"userId"});
    config.limits.subscriptions = 2;

    EXPECT_TRUE(read({{"topic", "a"}, {"userId", "x"}}, config).ok());
    EXPECT_EQ(read({{"topic", "a"}, {"topic", "b"}, {"userId", "x"}}, config).error().limit,
              Limit::Subscriptions);
}

}  // namespace
}  // namespace rtbridge
