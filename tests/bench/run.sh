#!/usr/bin/env bash
# Measures the broker with rtbridge as the goals want it, and prints them beside the figures.
# Figures never make it fail, missing deliveries do: a busy machine is no defect, a lost message is.
#
#   tests/bench/run.sh [--short] [--json] [BUILD_DIR]
#
#   --short     a smoke test: every scenario, some seconds together
#   --json      one JSON object per scenario instead of the table
#   BUILD_DIR   default: build-bench at the top of the source tree
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build-bench
seconds=10
idle=10000
micro_seconds=0.5
output=()
for argument in "$@"; do
    case $argument in
        --short) seconds=0.6 idle=1000 micro_seconds=0.01 ;;
        --json) output=(--json) ;;
        -*) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) build=$argument ;;
    esac
done

cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release >&2
cmake --build "$build" -j "$(nproc)" --target rtbridge fan_out_load rtbridge_bench >&2
plugin=$(find "$build" -name rtbridge.so -type f -print -quit)
load=$build/tests/bench/fan_out_load

# Both ends of each session need a descriptor, one in the broker and one in the load generator.
ulimit -n "$(ulimit -Hn)"
descriptors=$(ulimit -n)
if [[ $descriptors != unlimited ]] && ((idle > descriptors - 1200)); then
    idle=$((descriptors - 1200))
    echo "only $idle idle sessions: the file limit is $descriptors" >&2
fi

# shellcheck source=tests/bench/brokers.sh
source "$root/tests/bench/brokers.sh"

http_port=$(free_port)
cat >"$work/rtbridge.toml" <<EOF
version = 1

[listener]
bind = "127.0.0.1:$http_port"

[limits]
connections = $((idle + 1100))

[[rule]]
name = "battery"
topics = ["battery/topic"]
key = "{payload.userId}"
battery = {}
mqtt = "replace"
EOF

mqtt_port=$(free_port)
start_broker rtbridge "$mqtt_port" <<EOF
plugin $plugin
plugin_opt_config $work/rtbridge.toml
EOF
rtbridge_pid=${pids[-1]}
await_port "$http_port" rtbridge

peer_port=$(free_port)
start_broker bare "$peer_port" </dev/null
peer_pid=${pids[-1]}

failures=0
measure() {
    if ! "$load" --url "ws://127.0.0.1:$http_port/ws?userId=user-1&snapshot=0" \
        --mqtt "127.0.0.1:$mqtt_port" --pid "$rtbridge_pid" \
        --peer-mqtt "127.0.0.1:$peer_port" --peer-pid "$peer_pid" \
        --seconds "$seconds" "${output[@]}" "$@"; then
        echo "FAILED: $*" >&2
        cat "$work/rtbridge.log" >&2
        failures=$((failures + 1))
    fi
}

if ((${#output[@]} == 0)); then
    printf '%-48s%12s %-16s%s\n' "scenario" "measured" "unit" "goal"
fi
# First, because memory that earlier sessions gave back would be used again and not be seen.
measure --idle "$idle" --active 10 --rate 200
measure --sessions 1000 --rate 50 --bare
measure --sessions 1 --rate 200 --bare
measure --sessions 1000 --burst 100 --bare
measure --sessions 1000 --rate 0 --bare
measure --sessions 990 --stalled 10 --rate 50
measure --ingest
for qos in 0 1; do
    measure --throughput --qos "$qos" --topic other/topic --sessions 0
    measure --throughput --qos "$qos" --topic battery/topic --sessions 0
    measure --throughput --qos "$qos" --topic battery/topic --sessions 1
done

if ((${#output[@]} == 0)); then
    "$build/tests/bench/rtbridge_bench" --benchmark_min_time="$micro_seconds"
fi
if ((failures > 0)); then
    echo "$failures scenarios do not work" >&2
    exit 1
fi
