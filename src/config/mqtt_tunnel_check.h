#pragma once

#include "config/config.h"
#include "config/diagnostic.h"

namespace rtbridge {

// [mqtt_tunnel] together with the other sections: an error where it would lead to rtbridge itself,
// and warnings where the broker would let browsers do more than one may think, because to it they
// are clients of this machine. Thread: any, pure.
void check_mqtt_tunnel(const Config& config, Diagnostics& diagnostics);

}  // namespace rtbridge
