#!/usr/bin/env bash
# The demo: a Mosquitto with rtbridge inside, simulated batteries, and a page that shows them live.
# On a bare Debian 12 it installs what is missing and builds first.
# usage: conf/demo/run.sh [--seconds N]    other ports: RTBRIDGE_PORT=8081 MQTT_PORT=1884 conf/demo/run.sh
set -euo pipefail

demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$demo/../.." && pwd)
build=${RTBRIDGE_BUILD:-$repo/build/demo}
http_port=${RTBRIDGE_PORT:-8080}
mqtt_port=${MQTT_PORT:-1883}
seconds=infinity

die() {
    echo "demo: $*" >&2
    exit 1
}

usage() { sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; }

while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
        seconds=${2:-}
        [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds needs a whole number"
        shift 2
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
done

# port NAME VALUE
require_port() {
    [[ $2 =~ ^[1-9][0-9]{0,4}$ && $2 -le 65535 ]] || die "$1 is not a port: '$2'"
}

in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

require_free() {
    ! in_use "$2" || die "port $2 is taken (a Mosquitto or web server of yours?); choose another:
    $1=$(($2 + 1)) conf/demo/run.sh"
}

install_and_build() {
    "$repo/tests/packages.sh" build run
    echo "building (the first time takes a minute or two) ..."
    local log=$build/demo-build.log
    mkdir -p "$build"
    {
        cmake -S "$repo" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DRTBRIDGE_TESTS=OFF &&
            cmake --build "$build" --parallel "$(nproc)"
    } >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        die "the build failed; all of its output is in $log"
    }
}

# A broker that is started as root goes on as user mosquitto, who may not be able to read the
# checkout: it gets copies.
prepare() {
    chmod 755 "$work"
    install -m 755 "$build/plugin/rtbridge.so" "$work/rtbridge.so"
    sed "s/^bind .*/bind = \"127.0.0.1:$http_port\"/" "$demo/rtbridge.toml" >"$work/rtbridge.toml"
    cat >"$work/mosquitto.conf" <<CONF
listener $mqtt_port 127.0.0.1
allow_anonymous true
log_dest stderr
log_type error
log_type warning
log_type notice
plugin $work/rtbridge.so
plugin_opt_config $work/rtbridge.toml
CONF
    chmod 644 "$work/rtbridge.toml" "$work/mosquitto.conf"
}

wait_for_port() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        in_use "$1" && return 0
        kill -0 "$broker" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

work='' broker='' batteries='' timer=''
stop() {
    local code=$? pid
    trap '' INT TERM
    # The batteries first: they would only complain about a broker that is gone.
    for pid in $timer $batteries $broker; do
        kill "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    [ -z "$work" ] || rm -rf "$work"
    exit "$code"
}

require_port RTBRIDGE_PORT "$http_port"
require_port MQTT_PORT "$mqtt_port"
require_free RTBRIDGE_PORT "$http_port"
require_free MQTT_PORT "$mqtt_port"
install_and_build
# Debian's own broker may have come up meanwhile, if it was installed but not running.
require_free MQTT_PORT "$mqtt_port"

trap stop EXIT
trap 'echo; exit 0' INT TERM
work=$(mktemp -d "${TMPDIR:-/tmp}/rtbridge-demo.XXXXXX")
prepare

PATH=$PATH:/usr/sbin mosquitto -c "$work/mosquitto.conf" &
broker=$!
{ wait_for_port "$mqtt_port" && wait_for_port "$http_port"; } || die "the broker did not start"

# Their pipe ends with mosquitto_pub, which is the process that $! names.
mosquitto_pub -h 127.0.0.1 -p "$mqtt_port" -t battery/topic -q 1 -l \
    < <(exec "$demo/batteries.sh") &
batteries=$!

cat <<TEXT

  page       http://localhost:$http_port/
  WebSocket  ws://localhost:$http_port/ws?userId=user-1     (user-1 ... user-6)
  MQTT       mosquitto_sub -h localhost -p $mqtt_port -t battery/topic
  rules      $work/rtbridge.toml    (edit, then: kill -HUP $broker)

  Ctrl-C stops everything.

TEXT

sleep "$seconds" &
timer=$!
code=0
wait -n "$broker" "$timer" || code=$?
kill -0 "$broker" 2>/dev/null || die "the broker ended (exit code $code)"
