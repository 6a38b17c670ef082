#pragma once

// The plugin API of Mosquitto 2.0 (three headers, in this order) or 2.1 (one header).
#if __has_include(<mosquitto/broker_plugin.h>)
#include <mosquitto.h>
#else
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#endif

#define RTBRIDGE_TEXT_OF(number) #number
#define RTBRIDGE_VERSION_TEXT(major, minor, revision) \
    RTBRIDGE_TEXT_OF(major) "." RTBRIDGE_TEXT_OF(minor) "." RTBRIDGE_TEXT_OF(revision)

namespace rtbridge {

#if defined(LIBMOSQUITTO_MAJOR)
inline constexpr const char* mosquitto_header_version =
    RTBRIDGE_VERSION_TEXT(LIBMOSQUITTO_MAJOR, LIBMOSQUITTO_MINOR, LIBMOSQUITTO_REVISION);
#else
inline constexpr const char* mosquitto_header_version = "unknown";
#endif

}  // namespace rtbridge
