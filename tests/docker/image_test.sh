#!/usr/bin/env bash
# Builds the image with a real Docker engine, runs it hardened as docker-compose.yml does, and talks
# to the broker inside.
#
# The engine is our own: a dockerd on a socket in a temporary directory, without any network set-up,
# so that neither the machine's containers nor its firewall rules are touched; containers use the
# host's network. Nothing is pulled: the base image is made from Debian packages and imported under
# the name the Dockerfile uses. Exit code 77: skipped, because no engine can start here.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/rtbridge-tests
work=$(mktemp -d "${TMPDIR:-/tmp}/rtbridge-docker.XXXXXX")
chmod 755 "$work"
# The package's own client, in case another one stands earlier in the path.
docker=/usr/bin/docker
engine='' passed=0 failed=0

skip() {
    echo "SKIPPED: the Docker image was NOT tested: $*"
    echo "0 passed, 0 failed, 1 skipped"
    exit 77
}

summary() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}

pass() {
    passed=$((passed + 1))
    echo "ok   $1"
}

# What comes after a failure would only repeat it.
fail() {
    failed=$((failed + 1))
    echo "FAIL $1"
    shift
    [ $# = 0 ] || "$@" || :
    summary || exit 1
}

clean_up() {
    local mount
    if [ -n "$engine" ]; then
        timeout 20 "$docker" rm -f broker >/dev/null 2>&1 || :
        kill "$engine" 2>/dev/null || :
        wait "$engine" 2>/dev/null || :
    fi
    while read -r mount; do umount "$mount" 2>/dev/null || :; done < <(
        awk -v work="$work/" 'index($2, work) == 1 { print $2 }' /proc/mounts | sort -r
    )
    rm -rf --one-file-system "$work" || :
}

# until SECONDS COMMAND...: the command, again until it succeeds
until_true() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.2
    done
}

start_engine() {
    export DOCKER_HOST=unix://$work/docker.sock DOCKER_CONFIG=$work/cli DOCKER_BUILDKIT=0
    mkdir -p "$DOCKER_CONFIG"
    echo '{}' >"$work/daemon.json"
    dockerd --config-file "$work/daemon.json" --data-root "$work/data" --exec-root "$work/exec" \
        --pidfile "$work/pid" -H "$DOCKER_HOST" --bridge=none --iptables=false --ip6tables=false \
        --ip-forward=false --ip-masq=false >"$work/dockerd.log" 2>&1 &
    engine=$!
    until_true 20 engine_answers_or_ended || :
    "$docker" version >/dev/null 2>&1 ||
        skip "dockerd does not start: $(tail -n 1 "$work/dockerd.log" | cut -c 1-300)"
}

engine_answers_or_ended() { "$docker" version >/dev/null 2>&1 || ! kill -0 "$engine" 2>/dev/null; }

import_base_image() {
    local base sources=/etc/apt/sources.list.d/debian.sources
    base=$(sed -n 's/^ARG BASE=//p' "$repo/docker/Dockerfile")
    [ -r "$sources" ] || sources=/etc/apt/sources.list
    if [ ! -s "$cache/base.tar" ]; then
        mkdir -p "$cache"
        mmdebstrap --quiet --mode=root --format=tar --variant=minbase --include=ca-certificates \
            --aptopt='Acquire::Check-Valid-Until "false"' \
            --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
            --dpkgopt='path-exclude=/usr/share/locale/*' \
            bookworm "$work/base.tar" "$sources" >"$work/mmdebstrap.log" 2>&1 ||
            skip "no base image: $(tail -n 1 "$work/mmdebstrap.log")"
        mv "$work/base.tar" "$cache/base.tar"
    fi
    "$docker" import -c 'CMD ["bash"]' "$cache/base.tar" "$base" >/dev/null
}

# The engine has no bridge network, so the build uses the host's.
build_image() {
    printf 'version: "3.8"\nservices: {broker: {build: {network: host}}}\n' >"$work/network.yml"
    docker-compose -f "$repo/docker/docker-compose.yml" -f "$work/network.yml" build \
        >"$work/build.log" 2>&1
}

compose_is_hardened() {
    docker-compose -f "$repo/docker/docker-compose.yml" config >"$work/compose.txt" || return 1
    local line
    for line in 'read_only: true' 'ALL' 'no-new-privileges:true' '/etc/rtbridge/rtbridge.toml:ro' \
        '/etc/mosquitto/mosquitto.conf:ro'; do
        grep -qF -- "$line" "$work/compose.txt" || {
            echo "missing: $line"
            return 1
        }
    done
}

free_port() {
    local port
    while port=$((20000 + RANDOM % 10000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# The sample configurations with ports that are free on this machine.
run_container() {
    sed "s/^listener 1883$/listener $mqtt_port/" "$repo/docker/mosquitto.conf" >"$work/mosquitto.conf"
    sed "s/0\.0\.0\.0:8080/0.0.0.0:$http_port/" "$repo/docker/rtbridge.toml" >"$work/rtbridge.toml"
    chmod 644 "$work/mosquitto.conf" "$work/rtbridge.toml"
    "$docker" run -d --name broker --network host \
        --read-only --cap-drop ALL --security-opt no-new-privileges \
        -e "RTBRIDGE_READY_URL=http://127.0.0.1:$http_port/readyz" \
        -v "$work/mosquitto.conf:/etc/mosquitto/mosquitto.conf:ro" \
        -v "$work/rtbridge.toml:/etc/rtbridge/rtbridge.toml:ro" \
        rtbridge >/dev/null
}

inspect() { "$docker" inspect broker --format "$1"; }
is_healthy() { [ "$(inspect '{{.State.Health.Status}}')" = healthy ]; }
runs_as_mosquitto() { [ "$("$docker" exec broker id -un)" = mosquitto ]; }
config_is_read_only() {
    ! "$docker" exec -u 0 broker sh -c 'echo >>/etc/rtbridge/rtbridge.toml' 2>/dev/null
}

http_get() {
    exec 3<>"/dev/tcp/127.0.0.1/$http_port"
    printf 'GET %s HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n' "$1" "$http_port" >&3
    timeout 5 cat <&3
    exec 3>&-
}

publish_battery() {
    mosquitto_pub -h 127.0.0.1 -p "$mqtt_port" -t battery/topic -q 1 -r \
        -m '{"userId":"user-1","batteryPercent":80,"batteryPower":1200}'
}
enriched='{"userId":"user-1","batteryPercent":80,"batteryPower":1200,"state":"Charging"}'
browser_sees_it() { http_get '/api/latest?topic=battery/topic' | grep -qF "$enriched"; }
subscriber_sees_it() {
    [ "$(mosquitto_sub -h 127.0.0.1 -p "$mqtt_port" -t battery/topic -C 1 -W 5)" = "$enriched" ]
}
stops_cleanly() {
    "$docker" stop -t 10 broker >/dev/null
    [ "$(inspect '{{.State.ExitCode}}')" = 0 ]
}

# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name" "$docker" logs --tail 30 broker; fi
}

[ "$(id -u)" = 0 ] || skip "the test's own Docker engine needs root"
for tool in dockerd "$docker" docker-compose mmdebstrap mosquitto_pub mosquitto_sub; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
done
trap clean_up EXIT
trap 'exit 1' INT TERM
start_engine
import_base_image

check "docker-compose.yml is valid and hardened" compose_is_hardened
if build_image; then pass "the image builds"; else fail "the image builds" tail -n 40 "$work/build.log"; fi
mqtt_port=$(free_port) http_port=$(free_port)
check "the container starts with a read-only root and no capabilities" run_container
check "its own health check finds it ready" until_true 40 is_healthy
check "it runs as user mosquitto" runs_as_mosquitto
check "its configuration is mounted read-only" config_is_read_only
check "it takes a battery message" publish_battery
check "browsers get it enriched" until_true 5 browser_sees_it
check "MQTT subscribers get it enriched" subscriber_sees_it
check "it stops with exit code 0" stops_cleanly
summary
