#include "transport/full_mode_request.h"
#include "rules/json_document.h"

#include <gtest/gtest.h>

namespace rtbridge {
namespace {

Result<FullModeMessage, RequestMistake> read(std::string_view text) {
    JsonDocument document;
    return read_full_mode_message(text, document);
}

FullModeRequest request_of(std::string_view text) {
    auto message = read(text);
    EXPECT_TRUE(message.ok()) << text << (message.ok() ? "" : ": " + message.error().error.message);
    if (!message.ok()) return {};
    return std::get<FullModeRequest>(std::move(message).value());
}

TEST(FullModeRequest, HelloMayBringATokenAndFeatures) {
    const auto request = request_of(
        R"({"id":1,"op":"hello","token":"abc","features":["x","batch"],"name":"panel","new":[]})");
    const auto& hello = std::get<HelloRequest>(request.wanted);

    EXPECT_EQ(request.id, 1U);
    EXPECT_EQ(hello.token, "abc");
    EXPECT_EQ(hello.batching, Batching::On);

    const auto bare = std::get<HelloRequest>(request_of(R"({"op":"hello","id":0})").wanted);
    EXPECT_FALSE(bare.token);
    EXPECT_EQ(bare.batching, Batching::Off);
}

TEST(FullModeRequest, ASubscriptionIsOfTheNewestValuesUnlessItSaysOtherwise) {
    const auto bare =
        std::get<SubscribeRequest>(request_of(R"({"id":1,"op":"sub","topics":["a/+"]})").wanted);
    EXPECT_EQ(bare.wanted.selection.topics.at(0).text(), "a/+");
    EXPECT_TRUE(bare.wanted.selection.keys.empty());
    EXPECT_EQ(bare.wanted.mode, SubscriptionMode::Latest);
    EXPECT_TRUE(bare.wanted.snapshot);
    EXPECT_FALSE(bare.wanted.since);

    const auto full = std::get<SubscribeRequest>(
        request_of(R"({"id":1,"op":"sub","topics":["a","#"],"key":"k","max_rate":0.5,
                       "snap":false,"since":{"epoch":"e","offset":18446744073709551615}})")
            .wanted);
    EXPECT_EQ(full.wanted.selection.topics.size(), 2U);
    EXPECT_EQ(full.wanted.selection.keys.at(0).name, "");
    EXPECT_EQ(full.wanted.selection.keys.at(0).value, "k");
    EXPECT_EQ(full.wanted.max_rate, 0.5);
    EXPECT_FALSE(full.wanted.snapshot);
    EXPECT_EQ(full.wanted.since->epoch, "e");
    EXPECT_EQ(full.wanted.since->offset, 18446744073709551615U);

    const auto all = std::get<SubscribeRequest>(
        request_of(R"({"id":1,"op":"sub","topics":["a"],"mode":"all"})").wanted);
    EXPECT_EQ(all.wanted.mode, SubscriptionMode::All);
    EXPECT_FALSE(all.wanted.snapshot);
}

TEST(FullModeRequest, APayloadIsPublishedAsTheBytesThatStandInTheFrame) {
    const struct {
        std::string_view members, payload;
    } cases[] = {
        {R"("d": {"a": 1.50, "b":[ ] } )", R"({"a": 1.50, "b":[ ] })"},
        {R"("d":12345678901234567890123)", "12345678901234567890123"},
        {R"("d":null)", "null"},
        {R"("d":"text")", R"("text")"},
        {R"("unknown":{"d":1},"d":2)", "2"},
        {R"("x":"a\u0000\u00e4")", std::string_view("a\0\xc3\xa4", 4)},
        {R"("x":"")", ""},
        {R"("b64":"/wA=")", std::string_view("\xff\0", 2)},
    };
    for (const auto& c : cases) {
        const auto request =
            request_of(R"({"id":6,"op":"pub","t":"plant/7",)" + std::string(c.members) + "}");
        EXPECT_EQ(std::get<PublishRequest>(request.wanted).payload, c.payload) << c.members;
    }
}

TEST(FullModeRequest, APublishHasQosAndRetain) {
    const auto request = request_of(R"({"id":6,"op":"pub","t":"a","d":1,"qos":2,"retain":true})");
    const auto& publish = std::get<PublishRequest>(request.wanted);

    EXPECT_EQ(publish.topic, "a");
    EXPECT_EQ(publish.qos, 2);
    EXPECT_TRUE(publish.retain);
}

TEST(FullModeRequest, APageGoesOnAfterACursorOrATopic) {
    const auto first =
        std::get<GetRequest>(request_of(R"({"id":1,"op":"get","topics":["#"]})").wanted);
    EXPECT_EQ(first.limit, 500U);
    EXPECT_FALSE(first.after);

    const auto by_cursor = std::get<GetRequest>(
        request_of(
            R"({"id":1,"op":"get","topics":["#"],"limit":1,"after":"[\"a\",\"n\",\"k\",2]"})")
            .wanted);
    EXPECT_EQ(by_cursor.limit, 1U);
    EXPECT_EQ(by_cursor.after, (ValueStore::Position{"a", "n", "k", 2}));

    // Behind all keys of the topic, before any other topic.
    const auto by_topic = std::get<GetRequest>(
        request_of(R"({"id":1,"op":"get","topics":["#"],"after":"a"})").wanted);
    EXPECT_GT(*by_topic.after, (ValueStore::Position{"a", "\xf4", "\xf4", 0}));
    EXPECT_LT(*by_topic.after, (ValueStore::Position{"a/", "", "", 0}));
}

TEST(FullModeRequest, AProbeAnswerIsNoRequest) {
    const auto message = read(R"({"q":1700000000000})");
    ASSERT_TRUE(message.ok());
    EXPECT_EQ(std::get<ProbeAnswer>(message.value()).unix_ms, 1'700'000'000'000);
    EXPECT_FALSE(read(R"({"q":"now"})").ok());
    EXPECT_FALSE(read(R"({"q":1,"q":2})").ok());
}

TEST(FullModeRequest, WhatIsNoObjectIsToldApart) {
    for (const char* text : {"", "hello", "[]", "7", "{", R"({"id":1}x)", "\xff", "[{\"id\":1}]"}) {
        const auto message = read(text);
        ASSERT_FALSE(message.ok()) << text;
        EXPECT_FALSE(message.error().object) << text;
        EXPECT_FALSE(message.error().id) << text;
        EXPECT_EQ(message.error().error.code, ErrorCode::BadRequest) << text;
    }
}

TEST(FullModeRequest, AMistakeIsAnsweredToTheRequestThatHasIt) {
    const struct {
        std::string_view members;
        ErrorCode code;
        std::string_view named;
    } cases[] = {
        {R"("op":"no")", ErrorCode::UnknownOp, "no"},
        {R"("x":1)", ErrorCode::BadRequest, "op"},
        {R"("op":7)", ErrorCode::BadRequest, "op"},
        {R"("op":"stats","op":"stats")", ErrorCode::BadRequest, "twice"},
        {R"("op":"hello","token":null)", ErrorCode::BadRequest, "token"},
        {R"("op":"hello","features":"batch")", ErrorCode::BadRequest, "features"},
        {R"("op":"hello","features":[1])", ErrorCode::BadRequest, "features"},
        {R"("op":"sub")", ErrorCode::BadRequest, "topics"},
        {R"("op":"get","topics":[])", ErrorCode::BadRequest, "topics"},
        {R"("op":"sub","topics":["a#"])", ErrorCode::BadTopic, "a#"},
        {R"("op":"sub","topics":[""])", ErrorCode::BadTopic, "topic"},
        {R"("op":"sub","topics":["a"],"key":"")", ErrorCode::BadRequest, "key"},
        {R"("op":"sub","topics":["a"],"key":7)", ErrorCode::BadRequest, "key"},
        {R"("op":"sub","topics":["a"],"mode":"x")", ErrorCode::BadRequest, "mode"},
        {R"("op":"sub","topics":["a"],"max_rate":0)", ErrorCode::BadRequest, "max_rate"},
        {R"("op":"sub","topics":["a"],"max_rate":1e-9)", ErrorCode::BadRequest, "max_rate"},
        {R"("op":"sub","topics":["a"],"max_rate":1,"mode":"all")", ErrorCode::BadRequest, "latest"},
        {R"("op":"sub","topics":["a"],"since":1)", ErrorCode::BadRequest, "since"},
        {R"("op":"sub","topics":["a"],"since":{"epoch":"e","offset":-1})", ErrorCode::BadRequest,
         "since"},
        {R"("op":"unsub")", ErrorCode::BadRequest, "sub"},
        {R"("op":"unsub","sub":4294967296)", ErrorCode::BadRequest, "sub"},
        {R"("op":"get","topics":["a"],"limit":0)", ErrorCode::BadRequest, "limit"},
        {R"("op":"get","topics":["a"],"limit":1001)", ErrorCode::BadRequest, "limit"},
        {R"("op":"get","topics":["a"],"after":1)", ErrorCode::BadRequest, "after"},
        {R"("op":"pub","d":1)", ErrorCode::BadRequest, "t "},
        {R"("op":"pub","t":"a/+","d":1)", ErrorCode::BadTopic, "topic"},
        {R"("op":"pub","t":"a")", ErrorCode::BadRequest, "b64"},
        {R"("op":"pub","t":"a","d":1,"x":"")", ErrorCode::BadRequest, "b64"},
        {R"("op":"pub","t":"a","x":1)", ErrorCode::BadRequest, "x"},
        {R"("op":"pub","t":"a","b64":"?")", ErrorCode::BadRequest, "b64"},
        {R"("op":"pub","t":"a","d":1,"d":2)", ErrorCode::BadRequest, "twice"},
        {R"("op":"pub","t":"a","d":1,"qos":3)", ErrorCode::BadRequest, "qos"},
        {R"("op":"pub","t":"a","d":1,"retain":"no")", ErrorCode::BadRequest, "retain"},
        {R"("op":"auth")", ErrorCode::BadRequest, "token"},
    };
    for (const auto& c : cases) {
        const auto message = read(R"({"id":7,)" + std::string(c.members) + "}");
        ASSERT_FALSE(message.ok()) << c.members;
        const RequestMistake& mistake = message.error();
        EXPECT_TRUE(mistake.object) << c.members;
        EXPECT_EQ(mistake.id, 7U) << c.members;
        EXPECT_EQ(mistake.error.code, c.code) << c.members;
        EXPECT_NE(mistake.error.message.find(c.named), std::string::npos) << mistake.error.message;
    }
}

TEST(FullModeRequest, ARequestHasOneNumberThatFits) {
    for (const char* id : {"", R"("id":-1,)", R"("id":4294967296,)", R"("id":1.0,)", R"("id":"1",)",
                           R"("id":1,"id":1,)"}) {
        const auto message = read("{" + std::string(id) + R"("op":"stats"})");
        ASSERT_FALSE(message.ok()) << id;
        EXPECT_FALSE(message.error().id) << id;
        EXPECT_TRUE(message.error().object) << id;
    }
    EXPECT_EQ(request_of(R"({"id":4294967295,"op":"stats"})").id, 4294967295U);
}

}  // namespace
}  // namespace rtbridge
