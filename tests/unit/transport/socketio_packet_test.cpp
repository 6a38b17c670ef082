#include "transport/socketio_packet.h"
#include "rules/json_document.h"

#include <gtest/gtest.h>

#include <string>

namespace rtbridge {
namespace {

// "type attachments namespace id auth event [argument|argument]", or "!mistake".
std::string told(std::string_view text) {
    JsonDocument document;
    const auto read = read_socketio_packet(text, document);
    if (!read.ok()) return std::string("!") + read.error();
    const SocketIoPacket& packet = read.value();
    std::string told(1, static_cast<char>(packet.type));
    told += ' ' + std::to_string(packet.attachments) + ' ';
    told.append(packet.name_space) += ' ';
    told += packet.ack_id ? std::to_string(*packet.ack_id) : "-";
    (told += ' ').append(packet.auth) += ' ';
    told.append(packet.event);
    told += " [";
    for (const std::string_view argument : packet.arguments) told.append(argument) += '|';
    return told + ']';
}

TEST(SocketIoPacket, IsReadInAllItsForms) {
    const struct {
        std::string_view text, told;
    } cases[] = {
        {"0", "0 0 / -   []"},
        {"0{}", "0 0 / - {}  []"},
        {R"(0{"token":"a,b"})", R"(0 0 / - {"token":"a,b"}  [])"},
        {"0/custom", "0 0 /custom -   []"},
        {"0/custom,", "0 0 /custom -   []"},
        {R"(0/custom,{"a":1})", R"(0 0 /custom - {"a":1}  [])"},
        {"0/custom?a=b&c=d,", "0 0 /custom?a=b&c=d -   []"},
        {"1", "1 0 / -   []"},
        {"1/custom", "1 0 /custom -   []"},
        {"1/custom,", "1 0 /custom -   []"},
        {R"(2["a"])", "2 0 / -  a []"},
        {R"(2["a",1,"b"])", R"(2 0 / -  a [1|"b"|])"},
        {R"(2/custom,["a"])", "2 0 /custom -  a []"},
        {R"(212["a"])", "2 0 / 12  a []"},
        {R"(2007["a"])", "2 0 / 7  a []"},
        {R"(2/custom,9007199254740992["a"])", "2 0 /custom 9007199254740992  a []"},
        {"2[1,2]", "2 0 / -  1 [2|]"},
        {R"(2["\u0061\"",1])", R"(2 0 / -  a" [1|])"},
        {"31[]", "3 0 / 1   []"},
        {"3/custom,1[null]", "3 0 /custom 1   [null|]"},
        {R"(51-["a",{"_placeholder":true,"num":0}])",
         R"(5 1 / -  a [{"_placeholder":true,"num":0}|])"},
        {R"(510-/custom,3["a"])", "5 10 /custom 3  a []"},
        {R"(61-4[{"num":0,"_placeholder":true}])", R"(6 1 / 4   [{"num":0,"_placeholder":true}|])"},
        {R"(51-["a",{"_placeholder":false,"num":9},{"_placeholder":"true"}])",
         R"(5 1 / -  a [{"_placeholder":false,"num":9}|{"_placeholder":"true"}|])"},
        // Not binary: an object like any other.
        {R"(2["a",{"_placeholder":true,"num":7}])",
         R"(2 0 / -  a [{"_placeholder":true,"num":7}|])"},
    };
    for (const auto& c : cases) EXPECT_EQ(told(c.text), c.told) << c.text;
}

TEST(SocketIoPacket, KeepsArgumentsAsTheyCame) {
    EXPECT_EQ(told("2[\"a\" , 1.0 ,{ \"b\":[1, 2], \"a\" : \"],\\\"\" }, 1e400000 ]"),
              "!number out of range");
    EXPECT_EQ(told("2[\"a\" , 1.0 ,{ \"b\":[1, 2], \"a\" : \"],\\\"\" }, -0 ]"),
              "2 0 / -  a [1.0|{ \"b\":[1, 2], \"a\" : \"],\\\"\" }|-0|]");
    EXPECT_EQ(told(R"(2["a",[[],[{}]],"\\",123456789012345678901234567890])"),
              R"(2 0 / -  a [[[],[{}]]|"\\"|123456789012345678901234567890|])");
}

TEST(SocketIoPacket, RefusesWhatNoClientMaySend) {
    const std::string_view cases[] = {
        "",
        "7",
        "a",
        "-1",
        "4",
        R"(4{"message":"x"})",
        "99[]",
        // CONNECT
        "0[]",
        "0null",
        "01",
        "0\"a\"",
        "0{",
        "0{}}",
        "012{}",
        "0/custom,[]",
        // DISCONNECT
        "1{}",
        "11",
        "1/custom,[]",
        // EVENT
        "2",
        "2{}",
        "2[]",
        "2[{}]",
        "2[null]",
        "2[[\"a\"]]",
        "2\"a\"",
        "2[\"a\"",
        "2[\"a\"]x",
        "2[\"a\"],",
        "2/custom,",
        "2/custom",
        "2[\"a\",]",
        "2[\"\xff\"]",
        R"(2["connect"])",
        R"(2["connect_error"])",
        R"(2["disconnect"])",
        R"(2["disconnecting"])",
        R"(2["newListener"])",
        R"(2["removeListener"])",
        R"(2["\u0063onnect"])",
        R"(29007199254740993["a"])",
        R"(299999999999999999999999["a"])",
        R"(2-1["a"])",
        R"(21.5["a"])",
        R"(2custom,["a"])",
        // ACK
        "3",
        "3[]",
        "31",
        "31{}",
        "31null",
        "3/custom,[]",
        // BINARY
        R"(5["a"])",
        R"(5-["a"])",
        R"(50-["a"])",
        R"(500-["a"])",
        R"(51["a"])",
        R"(51)",
        "51-",
        R"(511-["a"])",
        R"(5999999999999999999-["a"])",
        R"(501-["a"])",
        R"(51.0-["a"])",
        R"(5a-["a"])",
        R"(5-1-["a"])",
        R"(5+1-["a"])",
        R"(51-{})",
        R"(61-["a"])",
        R"(51-["connect"])",
        // CVE-2022-2421 and the like: a placeholder that is no index.
        R"(51-["a",{"_placeholder":true,"num":1}])",
        R"(51-["a",{"_placeholder":true,"num":-1}])",
        R"(51-["a",{"_placeholder":true,"num":"splice"}])",
        R"(51-["a",{"_placeholder":true}])",
        R"(51-["a",{"_placeholder":true,"num":0.5}])",
        R"(51-["a",{"_placeholder":true,"num":0.0}])",
        R"(51-["a",{"_placeholder":true,"num":null}])",
        R"(51-["a",{"_placeholder":true,"num":[0]}])",
        R"(51-["a",[{"b":{"_placeholder":true,"num":10}}]])",
        R"(51-["a",{"_placeholder":false,"_placeholder":true,"num":0,"num":1}])",
        R"(51-["a",{"_placeholder":true,"num":18446744073709551616}])",
    };
    for (const std::string_view text : cases) EXPECT_EQ(told(text).front(), '!') << text;
}

TEST(SocketIoPacket, RefusesWhatIsOutOfBounds) {
    const std::string long_name(socketio_namespace_bytes_max, 'a');
    EXPECT_EQ(told("0/" + long_name), "!too long a namespace");
    EXPECT_EQ(told("0/" + long_name.substr(1)).front(), '0');

    const std::string deep = "2[\"a\"," + std::string(5000, '[') + std::string(5000, ']') + "]";
    EXPECT_EQ(told(deep), "!not JSON: nested too deeply");
    const std::string deep_binary =
        "51-[\"a\"," + std::string(900, '[') + std::string(900, ']') + "]";
    EXPECT_EQ(told(deep_binary).front(), '5');
}

TEST(SocketIoPacket, IsWritten) {
    EXPECT_EQ(socketio_packet(SocketIoType::Connect, "/", {}, R"({"sid":"a"})"), R"(0{"sid":"a"})");
    EXPECT_EQ(socketio_packet(SocketIoType::ConnectError, "/x", {}, "{}"), "4/x,{}");
    EXPECT_EQ(socketio_packet(SocketIoType::Disconnect, "/x", {}, {}), "1/x,");
    EXPECT_EQ(socketio_packet(SocketIoType::Ack, "/", 12, "[]"), "312[]");
    EXPECT_EQ(socketio_packet(SocketIoType::BinaryAck, "/x", 12, "[]", 2), "62-/x,12[]");
    EXPECT_EQ(socketio_event_data("a\"", {}), R"(["a\""])");
    EXPECT_EQ(socketio_event_data("a", "1,{}"), R"(["a",1,{}])");
}

}  // namespace
}  // namespace rtbridge
