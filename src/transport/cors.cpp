#include "transport/cors.h"

namespace rtbridge {

void add_cors(std::vector<std::pair<std::string, std::string>>& headers, const RequestFacts& facts,
              const ListenerConfig& listener) {
    if (!facts.origin) return;
    headers.emplace_back("Access-Control-Allow-Origin", *facts.origin);
    if (origin_named(facts, listener)) {
        headers.emplace_back("Access-Control-Allow-Credentials", "true");
    }
    headers.emplace_back("Vary", "Origin");
}

}  // namespace rtbridge
