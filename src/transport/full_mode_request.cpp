#include "transport/full_mode_request.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "access/base64.h"
#include "config/in_quotes.h"
#include "rules/json_document.h"
#include "rules/json_splice.h"
#include "topic/topic_name.h"
#include "transport/page_cursor.h"

namespace rtbridge {
namespace {

using Element = JsonDocument::Element;

// Updates a second: beyond, pacing is not what is wanted.
constexpr double max_rate_least = 0.001;
constexpr double max_rate_most = 1000;

constexpr std::array<std::string_view, 21> known_members = {
    "id",    "op",   "q",        "token", "features", "name", "topics",
    "key",   "mode", "max_rate", "snap",  "since",    "sub",  "limit",
    "after", "t",    "d",        "x",     "b64",      "qos",  "retain"};

// The members of a request. The first mistake stays; what is read after it does not matter.
class Members {
public:
    explicit Members(JsonDocument::Object object) {
        std::size_t ordinal = 0;
        for (const simdjson::dom::key_value_pair member : object) {
            const auto* const known =
                std::find(known_members.begin(), known_members.end(), member.key);
            if (known != known_members.end()) {
                auto& slot = found_.at(static_cast<std::size_t>(known - known_members.begin()));
                if (slot) mistaken(*known, "stands twice");
                slot = Found{member.value, ordinal, slot.has_value()};
            }
            ++ordinal;
        }
    }

    [[nodiscard]] std::optional<Element> find(std::string_view name) const {
        const auto& slot = found_.at(index(name));
        return slot ? std::optional(slot->value) : std::nullopt;
    }
    [[nodiscard]] bool twice(std::string_view name) const { return found_.at(index(name))->twice; }
    [[nodiscard]] std::size_t ordinal(std::string_view name) const {
        return found_.at(index(name))->ordinal;
    }

    void mistaken(std::string_view name, std::string_view what) {
        mistaken({ErrorCode::BadRequest, std::string(name) + " " + std::string(what)});
    }
    void mistaken(RequestError error) {
        if (!mistake_) mistake_ = std::move(error);
    }
    [[nodiscard]] const std::optional<RequestError>& mistake() const { return mistake_; }

    [[nodiscard]] std::optional<std::string> text(std::string_view name) {
        const auto value = find(name);
        std::string_view text;
        if (!value) return std::nullopt;
        if (value->get(text) != simdjson::SUCCESS) mistaken(name, "has to be a string");
        return std::string(text);
    }
    [[nodiscard]] std::optional<bool> flag(std::string_view name) {
        const auto value = find(name);
        bool flag = false;
        if (!value) return std::nullopt;
        if (value->get(flag) != simdjson::SUCCESS) mistaken(name, "has to be true or false");
        return flag;
    }
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t least,
                                                      std::uint64_t most) {
        const auto value = find(name);
        std::uint64_t number = 0;
        if (!value) return std::nullopt;
        if (value->get(number) != simdjson::SUCCESS || number < least || number > most) {
            mistaken(name, "has to be a whole number from " + std::to_string(least) + " to " +
                               std::to_string(most));
        }
        return number;
    }
    // Of the texts of an array, each.
    template <typename Take>
    void texts(std::string_view name, const Take& take) {
        const auto value = find(name);
        simdjson::dom::array array;
        if (!value) return;
        if (value->get(array) != simdjson::SUCCESS) return mistaken(name, "has to be an array");
        for (const Element element : array) {
            std::string_view text;
            if (element.get(text) != simdjson::SUCCESS) {
                return mistaken(name, "has to hold strings");
            }
            take(text);
        }
    }
    // What has to be there.
    template <typename T>
    [[nodiscard]] T required(std::string_view name, std::optional<T> value) {
        if (value) return *std::move(value);
        mistaken(name, "is missing");
        return T();
    }

private:
    struct Found {
        Element value;
        std::size_t ordinal = 0;
        bool twice = false;
    };
    [[nodiscard]] static std::size_t index(std::string_view name) {
        return static_cast<std::size_t>(
            std::find(known_members.begin(), known_members.end(), name) - known_members.begin());
    }

    std::array<std::optional<Found>, known_members.size()> found_{};
    std::optional<RequestError> mistake_;
};

constexpr std::uint64_t uint32_most = std::numeric_limits<std::uint32_t>::max();

std::vector<TopicFilter> read_topics(Members& members) {
    std::vector<TopicFilter> topics;
    if (!members.find("topics")) members.mistaken("topics", "is missing");
    members.texts("topics", [&](std::string_view text) {
        auto filter = TopicFilter::parse(text);
        if (filter.ok()) {
            topics.push_back(std::move(filter).value());
        } else {
            members.mistaken(
                {ErrorCode::BadTopic, "topic " + in_quotes(text) + ": " + filter.error()});
        }
    });
    return topics;
}

HelloRequest read_hello(Members& members) {
    HelloRequest hello;
    hello.token = members.text("token");
    (void)members.text("name");
    members.texts("features", [&](std::string_view feature) {
        if (feature == "batch") hello.batching = Batching::On;
    });
    return hello;
}

std::optional<ResumePoint> read_since(Members& members) {
    const auto value = members.find("since");
    if (!value) return std::nullopt;
    JsonDocument::Object object;
    std::string_view epoch;
    std::uint64_t offset = 0;
    if (value->get(object) != simdjson::SUCCESS ||
        object["epoch"].get(epoch) != simdjson::SUCCESS ||
        object["offset"].get(offset) != simdjson::SUCCESS) {
        members.mistaken("since", R"(has to be {"epoch":"...","offset":...})");
    }
    return ResumePoint{std::string(epoch), offset};
}

SubscribeRequest read_sub(Members& members) {
    SubscribeRequest request;
    SubscriptionRequest& wanted = request.wanted;
    wanted.selection.topics = read_topics(members);  // none: everything one may receive
    if (auto key = members.text("key")) {
        if (key->empty()) members.mistaken("key", "is empty");
        wanted.selection.keys.push_back({"", *std::move(key)});
    }
    const std::string mode = members.text("mode").value_or("latest");
    if (mode != "latest" && mode != "all") {
        members.mistaken("mode", R"(has to be "latest" or "all")");
    }
    wanted.mode = mode == "all" ? SubscriptionMode::All : SubscriptionMode::Latest;
    if (const auto rate = members.find("max_rate")) {
        const bool number = rate->get(wanted.max_rate) == simdjson::SUCCESS;
        if (!number || wanted.max_rate < max_rate_least || wanted.max_rate > max_rate_most) {
            members.mistaken("max_rate", "has to be a number from 0.001 to 1000");
        }
        if (mode == "all") members.mistaken("max_rate", "is for mode latest");
    }
    wanted.snapshot = members.flag("snap").value_or(wanted.mode == SubscriptionMode::Latest);
    wanted.since = read_since(members);
    return request;
}

UnsubscribeRequest read_unsub(Members& members) {
    const auto number = members.required("sub", members.number("sub", 0, uint32_most));
    return {static_cast<std::uint32_t>(number)};
}

// A position that a page ended at, or a topic, all keys of which were seen.
ValueStore::Position position_of(const std::string& after) {
    if (auto position = from_cursor(after)) return *std::move(position);
    return {after + '\0', {}, {}, 0};  // no topic stands between
}

GetRequest read_get(Members& members) {
    GetRequest get;
    get.topics = read_topics(members);
    if (get.topics.empty()) members.mistaken("topics", "has to hold one topic filter at least");
    get.limit = members.number("limit", 1, GetRequest::limit_max).value_or(get.limit);
    if (const auto after = members.text("after")) get.after = position_of(*after);
    return get;
}

PublishRequest read_pub(Members& members, std::string_view text) {
    PublishRequest publish;
    publish.topic = members.required("t", members.text("t"));
    if (const char* mistake = topic_name_mistake(publish.topic)) {
        members.mistaken({ErrorCode::BadTopic, std::string("the topic ") + mistake});
    }
    const int payloads =
        (members.find("d") ? 1 : 0) + (members.find("x") ? 1 : 0) + (members.find("b64") ? 1 : 0);
    if (payloads != 1) {
        members.mistaken({ErrorCode::BadRequest, "one of d, x and b64 has to be there"});
    }
    if (members.find("d")) {
        // As the browser wrote it: no number is spelled anew.
        const TextRange range = member_values(text, {members.ordinal("d")}).front();
        publish.payload = text.substr(range.begin, range.end - range.begin);
    } else if (auto x = members.text("x")) {
        publish.payload = *std::move(x);
    } else if (const auto b64 = members.text("b64")) {
        auto bytes = decode_base64(*b64);
        if (!bytes) members.mistaken("b64", "is not base64");
        if (bytes) publish.payload = *std::move(bytes);
    }
    publish.qos = static_cast<int>(members.number("qos", 0, 2).value_or(0));
    publish.retain = members.flag("retain").value_or(false);
    return publish;
}

Failure<RequestMistake> no_object(std::string message) {
    return Failure{
        RequestMistake{std::nullopt, {ErrorCode::BadRequest, std::move(message)}, false}};
}

std::optional<std::uint32_t> read_id(Members& members) {
    const auto value = members.find("id");
    std::uint64_t id = 0;
    if (!value) {
        members.mistaken("id", "is missing");
    } else if (value->get(id) != simdjson::SUCCESS || id > uint32_most) {
        members.mistaken("id", "has to be a whole number from 0 to 4294967295");
    } else if (!members.twice("id")) {
        return static_cast<std::uint32_t>(id);
    }
    return std::nullopt;
}

}  // namespace

Result<FullModeMessage, RequestMistake> read_full_mode_message(std::string_view text,
                                                               JsonDocument& document) {
    if (const char* mistake = document.parse(text)) return no_object(mistake);
    JsonDocument::Object object;
    if (document.root().get(object) != simdjson::SUCCESS) {
        return no_object("a frame holds one JSON object");
    }
    Members members(object);
    const auto answer = members.find("q");
    if (answer && !members.find("op") && !members.mistake()) {
        std::int64_t unix_ms = 0;
        if (answer->get(unix_ms) == simdjson::SUCCESS) return FullModeMessage(ProbeAnswer{unix_ms});
        members.mistaken("q", "has to be a whole number");
    }
    FullModeRequest request;
    const std::optional<std::uint32_t> id = read_id(members);
    const std::string op = members.required("op", members.text("op"));
    if (op == "hello") {
        request.wanted = read_hello(members);
    } else if (op == "sub") {
        request.wanted = read_sub(members);
    } else if (op == "unsub") {
        request.wanted = read_unsub(members);
    } else if (op == "get") {
        request.wanted = read_get(members);
    } else if (op == "pub") {
        request.wanted = read_pub(members, text);
    } else if (op == "auth") {
        request.wanted = AuthRequest{members.required("token", members.text("token"))};
    } else if (op == "stats") {
        request.wanted = StatsRequest{};
    } else {
        members.mistaken({ErrorCode::UnknownOp, "op " + in_quotes(op) + " is not known"});
    }
    if (members.mistake()) return Failure{RequestMistake{id, *members.mistake()}};
    request.id = id.value_or(0);
    return FullModeMessage(std::move(request));
}

}  // namespace rtbridge
