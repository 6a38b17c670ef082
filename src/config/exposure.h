#pragma once

#include "config/config.h"
#include "config/diagnostic.h"

namespace rtbridge {

// Warns where passwords and tokens would cross a network in clear. Not where proxies are trusted:
// one of them speaks TLS. Thread: any, pure.
void check_clear_text(const Config& config, Diagnostics& diagnostics);

}  // namespace rtbridge
