#include "retained/retained_conversation.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "config/in_quotes.h"

namespace rtbridge {
namespace {

constexpr std::uint16_t keepalive_s = 60;
constexpr std::size_t filters_per_packet = 100;
constexpr unsigned char subscription_refused = 0x80;  // 3.9.3

std::string connack_text(unsigned char code) {  // 3.2.2.3
    static constexpr std::array<std::string_view, 6> texts = {
        "",
        "the broker does not speak MQTT 3.1.1",
        "the broker does not take the client id",
        "the broker is not available",
        "the broker refused user name or password",
        "the broker did not let it in (not authorised)"};
    if (code < texts.size()) return std::string(texts.at(code));
    return "the broker answered CONNECT with code " + std::to_string(code);
}

}  // namespace

RetainedConversation::RetainedConversation(const MqttLogin& login, std::vector<std::string> filters,
                                           Limits limits)
    : filters_(std::move(filters)),
      limits_(limits),
      reader_(limits.message_bytes_max + 2),
      output_(connect_packet(login, keepalive_s)) {}

std::string RetainedConversation::take_output() {
    return std::exchange(output_, {});
}

std::vector<RetainedMessage> RetainedConversation::take_messages() {
    return std::exchange(messages_, {});
}

void RetainedConversation::take(std::string_view bytes) {
    reader_.append(bytes);
    MqttPacketReader::Packet packet;
    while (state_ == State::Talking) {
        switch (reader_.next(packet)) {
            case MqttPacketReader::Status::Incomplete:
                return;
            case MqttPacketReader::Status::Malformed:
                return fail("what answers there does not speak MQTT");
            case MqttPacketReader::Status::Packet:
                take_packet(packet);
        }
    }
}

void RetainedConversation::take_packet(const MqttPacketReader::Packet& packet) {
    if (!connected_) {
        if (packet.type != MqttPacketType::Connack || packet.body.size() != 2) {
            return fail("what answers there does not speak MQTT");
        }
        return take_connack(packet.body);
    }
    switch (packet.type) {
        case MqttPacketType::Publish:
            return take_publish(packet);
        case MqttPacketType::Suback:
            return take_suback(packet.body);
        case MqttPacketType::Pingresp:
            return end();
        default:
            return fail("the broker sent a packet that makes no sense");
    }
}

void RetainedConversation::take_connack(std::string_view body) {
    const auto code = static_cast<unsigned char>(body[1]);
    if (code != 0) {
        refused_ = true;
        return fail(connack_text(code));
    }
    connected_ = true;
    subscribe_next();
}

void RetainedConversation::subscribe_next() {
    if (asked_ == filters_.size()) {
        output_ += bare_packet(MqttPacketType::Pingreq);
        return;
    }
    asked_before_ = asked_;
    const std::size_t count = std::min(filters_per_packet, filters_.size() - asked_);
    output_ += subscribe_packet(++packet_id_, std::span(filters_).subspan(asked_, count));
    asked_ += count;
}

void RetainedConversation::take_suback(std::string_view body) {
    if (body.size() != 2 + asked_ - asked_before_) {
        return fail("the broker sent a packet that makes no sense");
    }
    for (std::size_t i = 2; i < body.size(); ++i) {
        if (static_cast<unsigned char>(body[i]) != subscription_refused) continue;
        if (filters_refused_++ == 0) first_refused_ = filters_[asked_before_ + i - 2];
    }
    subscribe_next();
}

void RetainedConversation::take_publish(const MqttPacketReader::Packet& packet) {
    const bool retained = (packet.flags & 0x01U) != 0;
    if (packet.too_large) {
        too_large_ += retained ? 1 : 0;
        return;
    }
    const std::optional<MqttPublish> publish = parse_publish(packet.flags, packet.body);
    if (!publish) return fail("the broker sent a packet that makes no sense");
    if (!publish->retain || publish->payload.empty()) return;
    const std::size_t bytes = publish->topic.size() + publish->payload.size();
    if (count_ >= limits_.messages_max || bytes > limits_.bytes_max - bytes_) {
        full_ = true;
        return end();
    }
    ++count_;
    bytes_ += bytes;
    messages_.push_back({std::string(publish->topic), std::string(publish->payload)});
}

void RetainedConversation::end() {
    output_ += bare_packet(MqttPacketType::Disconnect);
    state_ = State::Over;
}

void RetainedConversation::fail(std::string why) {
    why_ = std::move(why);
    state_ = State::Failed;
}

std::string RetainedConversation::problem() const {
    if (state_ == State::Failed) return why_;
    std::string text;
    const auto add = [&text](const std::string& part) {
        text += (text.empty() ? "" : "; ") + part;
    };
    if (filters_refused_ > 0) {
        add("the broker does not let it subscribe to " + in_quotes(first_refused_) +
            (filters_refused_ > 1 ? " and " + std::to_string(filters_refused_ - 1) + " more" : ""));
    }
    if (too_large_ > 0) {
        add(std::to_string(too_large_) + " messages above " +
            std::to_string(limits_.message_bytes_max) + " bytes were left out");
    }
    if (full_) {
        add("the rest beyond " + std::to_string(count_) + " messages, " + std::to_string(bytes_) +
            " bytes, was left out");
    }
    return text;
}

}  // namespace rtbridge
