#!/usr/bin/env bash
# Measures how long POST /api/publish takes to an MQTT subscriber of an idle broker.
#
#   tests/bench/publish_latency.sh BUILD_DIR [options of publish_latency, like --count 500]
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:?BUILD_DIR}
shift

# shellcheck source=tests/bench/brokers.sh
source "$root/tests/bench/brokers.sh"

http_port=$(free_port)
cat >"$work/rtbridge.toml" <<END
version = 1

[listener]
bind = "127.0.0.1:$http_port"

[limits]
requests_per_second = 100000

[[rule]]
name = "bench"
topics = ["bench/publish"]
battery = {}
mqtt = "replace"
END

mqtt_port=$(free_port)
start_broker rtbridge "$mqtt_port" <<END
plugin $build/plugin/rtbridge.so
plugin_opt_config $work/rtbridge.toml
END
await_port "$http_port" rtbridge

"$build/tests/bench/publish_latency" --http "127.0.0.1:$http_port" --mqtt "127.0.0.1:$mqtt_port" "$@"
