#pragma once

// The plugin API of Mosquitto 2.0 (three headers, in this order) or 2.1 (one header).
#if __has_include(<mosquitto/broker_plugin.h>)
#include <mosquitto.h>
#else
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#endif
