#pragma once

#include <string>
#include <utility>
#include <vector>

#include "access/admission.h"
#include "config/config.h"

namespace rtbridge {

// Headers by which a page of the request's origin may read the answer (Fetch, 3.2); none where the
// request has no Origin. With its user's cookie only if the operator named it: "*" is for what
// everyone may see. REQUIRES: refuse_request() has let the request in.
void add_cors(std::vector<std::pair<std::string, std::string>>& headers, const RequestFacts& facts,
              const ListenerConfig& listener);

}  // namespace rtbridge
