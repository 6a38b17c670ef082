#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "topic/topic_filter.h"
#include "topic/topic_trie.h"

// A filter and a topic, apart by a line feed: filter and trie agree, and nothing is left behind.

namespace rtbridge {
namespace {

void check(bool invariant) {
    if (!invariant) std::abort();
}

void fuzz(std::string_view input) {
    const std::size_t line_feed = input.find('\n');
    if (line_feed == std::string_view::npos) return;
    const std::string_view text = input.substr(0, line_feed);
    const std::string_view topic = input.substr(line_feed + 1);
    for (const auto& parse : {TopicFilter::parse, TopicFilter::parse_named}) {
        const Result<TopicFilter, std::string> filter = parse(text);
        if (!filter.ok()) continue;
        TopicTrie trie;
        trie.insert(filter.value(), 1);
        std::vector<std::uint32_t> ids;
        trie.match(topic, ids);
        check(filter.value().matches(topic) == !ids.empty());
        check(trie.erase(filter.value(), 1));
        check(trie.node_count() == TopicTrie().node_count());
    }
}

}  // namespace
}  // namespace rtbridge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rtbridge::fuzz({reinterpret_cast<const char*>(data), size});
    return 0;
}
