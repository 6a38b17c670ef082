#!/usr/bin/env bash
# Measures what access rules cost the broker: publisher to subscriber through a bare broker, through
# rtbridge with 10, 1,000 and 10,000 rules of [acl], and through Mosquitto's own acl_file with the
# same rules. The rule that counts is in the middle of them.
#
#   tests/bench/acl_throughput.sh [--short] [--json] [BUILD_DIR]
#
#   --short     a smoke test of some seconds
#   --json      one JSON object instead of the table
#   BUILD_DIR   default: build-bench at the top of the source tree
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build-bench
seconds=60
rounds=12
output=()
for argument in "$@"; do
    case $argument in
        --short) seconds=4 rounds=2 ;;
        --json) output=(--json) ;;
        -*) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) build=$argument ;;
    esac
done

cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release >&2
cmake --build "$build" -j "$(nproc)" --target rtbridge fan_out_load >&2
plugin=$(find "$build" -name rtbridge.so -type f -print -quit)

# shellcheck source=tests/bench/brokers.sh
source "$root/tests/bench/brokers.sh"

contenders=()
enter() {  # LABEL PORT TOPIC, of the broker started last
    contenders+=(--broker "$1" "127.0.0.1:$2" "${pids[-1]}" "$3")
}

port=$(free_port)
start_broker bare "$port" </dev/null
enter bare "$port" site5/battery/device7/state

for rules in 10 1000 10000; do
    topic=site$((rules / 2))/battery/device7/state

    {
        printf 'version = 1\n[listener]\nbind = "127.0.0.1:%s"\n[acl]\n' "$(free_port)"
        for ((i = 0; i < rules; ++i)); do
            printf '[[acl.rule]]\nallow = ["publish", "receive", "subscribe"]\ntopics = ["site%d/battery/+/state"]\n' "$i"
        done
    } >"$work/rtbridge-$rules.toml"
    port=$(free_port)
    start_broker "rtbridge-$rules" "$port" <<EOF
plugin $plugin
plugin_opt_config $work/rtbridge-$rules.toml
EOF
    enter "rtbridge $rules" "$port" "$topic"

    for ((i = 0; i < rules; ++i)); do
        printf 'topic readwrite site%d/battery/+/state\n' "$i"
    done >"$work/acl-$rules"
    chmod 0600 "$work/acl-$rules"
    port=$(free_port)
    start_broker "acl_file-$rules" "$port" <<<"acl_file $work/acl-$rules"
    enter "acl_file $rules" "$port" "$topic"
done

if ((${#output[@]} == 0)); then
    printf '%-48s%12s %-16s%s\n' "scenario" "measured" "unit" "goal"
fi
"$build/tests/bench/fan_out_load" "${contenders[@]}" --seconds "$seconds" --rounds "$rounds" \
    --ratio "rtbridge 1000" "rtbridge 10" "<= 1.1" \
    --ratio "rtbridge 10000" "rtbridge 10" "<= 1.1" \
    --ratio "acl_file 10000" "acl_file 10" "" "${output[@]}"
