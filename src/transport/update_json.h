#pragma once

#include <string>

#include "handoff/gap.h"
#include "handoff/update.h"

namespace rtbridge {

// The members of an update in rtbridge.v1, without braces: "t" topic, "k" key if it has one, "o"
// offset, "ts" Unix milliseconds.
void append_update_head(std::string& out, const Update& update);
// Its payload, with a comma in front: "d" JSON as it came, "x" other text, "b64" other bytes.
void append_update_payload(std::string& out, const Update& update);
// "gap":{"from":1,"to":9,"n":3,"why":"slow"}
void append_gap(std::string& out, const Gap& gap);

}  // namespace rtbridge
