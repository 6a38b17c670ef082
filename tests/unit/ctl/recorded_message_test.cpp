#include "ctl/recorded_message.h"

#include <gtest/gtest.h>

#include <sstream>

namespace rtbridge {
namespace {

TEST(RecordedMessage, ReadsTheFormsThatPeopleHave) {
    const struct {
        std::string_view line, topic, payload;
    } cases[] = {
        // mosquitto_sub -v
        {"a/b 12", "a/b", "12"},
        {"a/b {\"soc\": 7}", "a/b", "{\"soc\": 7}"},
        {"a/b  two blanks", "a/b", " two blanks"},
        {"a/b (null)", "a/b", ""},
        {"a/b ", "a/b", ""},
        // mosquitto_sub -F %j, of 2.0 and 2.1
        {R"({"tst":1700000000,"topic":"a","qos":0,"retain":0,"payloadlen":9,"payload":"{\"soc\":7}"})",
         "a", R"({"soc":7})"},
        {R"({"tst":"2026-11-21T18:00:00.000001+0100","topic":"a","qos":1,"retain":false,"mid":3,"payloadlen":1,"payload":"\u00e9"})",
         "a", "\xc3\xa9"},
        // mosquitto_sub -F %J: bytes as they stand there
        {R"({"topic":"a","payload":{"b" : 1.50, "c":[ ]}})", "a", R"({"b" : 1.50, "c":[ ]})"},
        {R"({"topic":"a","payload": [1, 2] })", "a", "[1, 2]"},
        {R"({"topic":"a","payload":1e3 })", "a", "1e3"},
        {R"({"topic":"a","payload":true})", "a", "true"},
        {R"({"topic":"a","payload":null})", "a", ""},
        {R"({"topic":"a"})", "a", ""},
        // anything
        {R"({"payload_b64":"AP8=","topic":"a"})", "a", std::string_view("\x00\xff", 2)},
    };
    for (const auto& c : cases) {
        const Result<RecordedMessage, std::string> message = read_recorded_message(c.line);
        ASSERT_TRUE(message.ok()) << c.line << ": " << message.error();
        EXPECT_EQ(message.value().topic, c.topic) << c.line;
        EXPECT_EQ(message.value().payload, c.payload) << c.line;
    }
}

TEST(RecordedMessage, TakesWhoAndWhenWhereTheyAreThere) {
    const auto read = [](const std::string& members) {
        return read_recorded_message(R"({"topic":"a",)" + members + "}").value();
    };
    EXPECT_EQ(read(R"("client":"dev-1","user":"anna")").client, "dev-1");
    EXPECT_EQ(read(R"("client":"dev-1","user":"anna")").publish().user, "anna");
    EXPECT_TRUE(read(R"("retain":true)").retain);
    EXPECT_TRUE(read(R"("retain":1)").retain);
    EXPECT_FALSE(read(R"("retain":0)").retain);
    EXPECT_EQ(read(R"("tst":1700000000)").unix_ms, 1'700'000'000'000);
    EXPECT_EQ(read(R"("tst":1700000000123)").unix_ms, 1'700'000'000'123);
    EXPECT_EQ(read(R"("tst":"2023-11-14T22:13:20Z")").unix_ms, 1'700'000'000'000);
    EXPECT_EQ(read(R"("tst":"2023-11-14T23:13:20.500000+0100")").unix_ms, 1'700'000'000'500);
    EXPECT_EQ(read(R"("tst":"2023-11-14T22:13:20.000000Z+0000")").unix_ms, 1'700'000'000'000);
    EXPECT_EQ(read(R"("qos":1)").unix_ms, std::nullopt);
}

TEST(RecordedMessage, SaysWhatIsWrong) {
    const struct {
        std::string_view line, why;
    } cases[] = {
        {"a/b", "has no payload behind the topic; is it of mosquitto_sub -v?"},
        {" a", "has a topic that is empty"},
        {"a/# 1", "has a topic that contains '+' or '#'"},
        {R"({"topic":"a")", {}},
        {R"({"payload":"x"})", "has no \"topic\""},
        {R"({"topic":7})", "\"topic\" is no text"},
        {R"({"topic":"a/+"})", "has a \"topic\" that contains '+' or '#'"},
        {R"({"topic":"a","payload_b64":"%"})", "\"payload_b64\" is no base64"},
        {R"({"topic":"a","tst":"yesterday"})", "\"tst\" is no time"},
        {R"({"topic":"a","tst":-1})", "\"tst\" is no time"},
        {R"({"topic":"a","tst":[]})", "\"tst\" is no time"},
        {R"({"topic":"a","retain":"no"})", "\"retain\" is neither true nor false"},
        {R"({"topic":"a","user":[]})", "\"user\" is no text"},
    };
    for (const auto& c : cases) {
        const Result<RecordedMessage, std::string> message = read_recorded_message(c.line);
        ASSERT_FALSE(message.ok()) << c.line;
        if (c.why.empty()) continue;  // whatever the parser says
        EXPECT_EQ(message.error(), c.why) << c.line;
    }
}

TEST(RecordedLines, GivesLinesWithTheirNumbers) {
    std::istringstream in("one\r\n\n\nfour\nfive");
    RecordedLines lines(in);

    EXPECT_EQ(lines.next(), "one");
    EXPECT_EQ(lines.number(), 1U);
    EXPECT_EQ(lines.next(), "four");
    EXPECT_EQ(lines.number(), 4U);
    EXPECT_EQ(lines.next(), "five");
    EXPECT_EQ(lines.next(), std::nullopt);
}

TEST(RecordedLines, KeepsNoMoreOfALineThanItsLimit) {
    std::istringstream in(std::string(RecordedLines::line_bytes_max + 10, 'x') + "\nb 1\n");
    RecordedLines lines(in);

    EXPECT_EQ(lines.next()->size(), RecordedLines::line_bytes_max);
    EXPECT_TRUE(lines.too_long());
    EXPECT_EQ(lines.next(), "b 1");
    EXPECT_FALSE(lines.too_long());
}

}  // namespace
}  // namespace rtbridge
