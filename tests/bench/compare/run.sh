#!/usr/bin/env bash
# Measures rtbridge beside what people use instead of it, in one run, on the same payload, with the
# same load generator, and prints a table in Markdown: bridges in Go and in Node.js (ws, Socket.IO)
# beside a broker, Mosquitto's own WebSocket listeners, and as the limit a process that does nothing
# but send(). Installs what is missing; a peer that cannot be had is named with the reason.
# Figures never make it fail; a delivery that is missing at rtbridge does.
#
#   tests/bench/compare/run.sh [--short] [--json] [--v1] [--rounds N] [--seconds S] [BUILD_DIR]
#
#   --short     a smoke test of some seconds with few sessions
#   --json      JSON instead of the table
#   --v1        rtbridge also with subprotocol rtbridge.v1
#   --rounds    measurements of each figure, of which the median counts; default 3
#   --seconds   of each measurement; default 4
#   BUILD_DIR   default: build-bench at the top of the source tree
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
build=$root/build-bench
rounds=3 seconds=4
few=100 many=1000 idle=10000 burst=100 stalled=10
window=2000 # messages on their way at most: more would pass the soft limit of rtbridge's queues
narrow_window=200
short=false table=markdown
contenders=(rtbridge go node_ws socket_io mosquitto backports)
while (($# > 0)); do
    case $1 in
        --short) short=true rounds=1 seconds=0.2 few=0 many=60 idle=200 burst=20 stalled=2 window=200 ;;
        --json) table=json ;;
        --v1) contenders=(rtbridge rtbridge_v1 "${contenders[@]:1}") ;;
        --rounds) rounds=$2; shift ;;
        --seconds) seconds=$2; shift ;;
        -*) sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
        *) build=$1 ;;
    esac
    shift
done

"$root/tests/packages.sh" build run bench >&2 || echo "some packages could not be installed" >&2
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release >&2
cmake --build "$build" -j "$(nproc)" --target rtbridge fan_out_load >&2
plugin=$(find "$build" -name rtbridge.so -type f -print -quit)
load=$build/tests/bench/fan_out_load
cache=$(cd "$build" && pwd)/compare
mkdir -p "$cache"

# Both ends of each session need a descriptor, one in the server and one in the load generator.
ulimit -n "$(ulimit -Hn)"
descriptors=$(ulimit -n)
if [[ $descriptors != unlimited ]] && ((idle > descriptors - 1200)); then
    idle=$((descriptors - 1200))
    echo "only $idle idle sessions: the file limit is $descriptors" >&2
fi

# shellcheck source=tests/bench/brokers.sh
source "$root/tests/bench/brokers.sh"
# shellcheck source=tests/bench/compare/contenders.sh
source "$here/contenders.sh"

results=$work/results.jsonl
# No quotes, backslashes and control characters: fit for a JSON string.
text() { printf %s "$1" | tr -d '\042\134' | tr '\000-\037' ' ' | cut -c 1-300; }

version_of() {
    case $1 in
        rtbridge*) echo "mosquitto $(installed mosquitto)" ;;
        go) echo "$(go env GOVERSION), paho $(installed golang-github-eclipse-paho.mqtt.golang-dev), gorilla $(installed golang-github-gorilla-websocket-dev)" ;;
        node_ws) echo "Node.js $(node --version), mqtt $(locked mqtt), ws $(locked ws)" ;;
        socket_io) echo "Node.js $(node --version), mqtt $(locked mqtt), socket.io $(locked socket.io)" ;;
        mosquitto) installed mosquitto ;;
        backports) dpkg-deb -f "$cache"/backports/mosquitto_*.deb Version ;;
    esac
}
installed() { dpkg-query -W -f='${Version}' "$1"; }
locked() { node -p 'JSON.parse(fs.readFileSync(process.argv[1])).version' "$here/node_modules/$1/package.json"; }

available=()
for contender in "${contenders[@]}"; do
    if reason=$("prepare_$contender"); then
        available+=("$contender")
        printf '{"contender":"%s","version":"%s"}\n' "$contender" "$(text "$(version_of "$contender")")" >>"$results"
    else
        echo "$contender is not available: $reason" >&2
        printf '{"contender":"%s","unavailable":"%s"}\n' "$contender" "$(text "$reason")" >>"$results"
    fi
done

# load_once CONTENDER ARGUMENT...: against a server that was just started; prints the report.
load_once() {
    local contender=$1 status=0 losses=(--lossy)
    shift
    [[ $contender != rtbridge* ]] || losses=()
    : >"$work/report.json"
    if ! "start_$contender" 2>"$work/error"; then
        stop_brokers
        return 1
    fi
    local processes=("${pids[@]/#/--pid=}")
    # In the background and among `pids`, so that it ends with the script.
    timeout 300 "$load" --url "$url" --idle-url "$idle_url" --wire "$wire" \
        --topic "$topic" --mqtt "$mqtt" "${processes[@]}" --seconds "$seconds" --json \
        "${losses[@]}" "$@" \
        >"$work/report.json" 2>"$work/error" &
    pids+=($!)
    wait $! || status=$?
    unset 'pids[-1]'
    stop_brokers
    return "$status"
}

failures=0
# measure CONTENDER SCENARIO ARGUMENT...
measure() {
    local contender=$1 scenario=$2 tag
    shift 2
    tag=$(printf '"contender":"%s","scenario":"%s"' "$contender" "$scenario")
    echo "$scenario: $contender" >&2
    if load_once "$contender" "$@" --window "$window" && ! lost "$work/report.json"; then
        printf '{%s,"report":%s}\n' "$tag" "$(cat "$work/report.json")" >>"$results"
        return
    fi
    if [[ $contender == rtbridge* ]]; then
        failures=$((failures + 1))
        echo "FAILED: $contender, $scenario: $(cat "$work/error" "$work/rtbridge.log")" >&2
        printf '{%s,"error":"%s"}\n' "$tag" "$(text "$(cat "$work/error")")" >>"$results"
        return
    fi
    # What it loses is said, then it is measured with as many messages on their way as it can take.
    if [ -s "$work/error" ]; then
        printf '{%s,"loses":"%s"}\n' "$tag" "$(text "$(cat "$work/error")")" >>"$results"
    else
        printf '{%s,"loses":%s}\n' "$tag" "$(cat "$work/report.json")" >>"$results"
    fi
    [[ $scenario =~ ^(saturated|ingest) ]] || return 0
    if load_once "$contender" "$@" --window "$narrow_window" && ! lost "$work/report.json"; then
        printf '{%s,"window":%s,"report":%s}\n' "$tag" "$narrow_window" "$(cat "$work/report.json")" \
            >>"$results"
    fi
}
lost() { grep -q '"deliveries missing"' "$1" && ! grep -q '"deliveries missing","value":0.0,' "$1"; }

# compare SCENARIO ARGUMENT...: in turns, so that a busy machine is equally bad for all.
compare() {
    local contender round scenario=$1
    shift
    for ((round = 1; round <= rounds; ++round)); do
        for contender in "${available[@]}"; do
            if [[ $contender == rtbridge && $scenario =~ ^(one|paced|burst|saturated) ]]; then
                measure "$contender" "$scenario" "$@" --bare
            else
                measure "$contender" "$scenario" "$@"
            fi
        done
    done
}

compare one --sessions 1 --rate 200
if ! $short; then
    compare paced --sessions "$many" --rate 50
    compare saturated_few --sessions "$few" --rate 0
fi
compare saturated_many --sessions "$many" --rate 0
compare burst --sessions "$many" --burst "$burst"
compare ingest --ingest
compare idle --idle "$idle" --active 10 --rate 200
compare stalled --sessions $((many - stalled)) --stalled "$stalled" --rate 50

cp "$results" "$cache/results.jsonl"
node "$here/table.mjs" "$table" "$results" \
    "{\"few\":$few,\"many\":$many,\"idle\":$idle,\"burst\":$burst,\"stalled\":$stalled,\"rounds\":$rounds,\"seconds\":$seconds,\"short\":$short}"
if ((failures > 0)); then
    echo "rtbridge failed $failures times" >&2
    exit 1
fi
