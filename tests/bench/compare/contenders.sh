# Those that are compared: each prepare_NAME makes what it needs or prints why it cannot be had, each
# start_NAME starts it anew. Sourced by run.sh, after brokers.sh.
# shellcheck shell=bash disable=SC2034,SC2154  # variables that go to and come from run.sh

topic=battery/topic

# What start_NAME says about what it started; its processes are in `pids`, the broker first.
url='' idle_url='' wire='' mqtt=''

# --- rtbridge

prepare_rtbridge() { :; }

start_rtbridge() {
    local mqtt_port http_port
    mqtt_port=$(free_port) http_port=$(free_port)
    cat >"$work/rtbridge.toml" <<EOF
version = 1

[listener]
bind = "127.0.0.1:$http_port"

[limits]
connections = $((idle + 2000))

[[rule]]
name = "battery"
topics = ["$topic"]
key = "{payload.userId}"
battery = {}
EOF
    start_broker rtbridge "$mqtt_port" <<EOF || return
plugin $plugin
plugin_opt_config $work/rtbridge.toml
EOF
    await_port "$http_port" rtbridge || return
    wire=plain mqtt=127.0.0.1:$mqtt_port
    url="ws://127.0.0.1:$http_port/ws?userId=user-1&snapshot=0"
    idle_url="ws://127.0.0.1:$http_port/ws?userId=nobody&snapshot=0"
}

prepare_rtbridge_v1() { :; }

start_rtbridge_v1() {
    start_rtbridge || return
    wire=rtbridge.v1 url=${url%%\?*} idle_url=${idle_url%%\?*}
}

# --- bridges beside a broker without plugin

# start_bridge NAME PATH COMMAND...
start_bridge() {
    local name=$1 path=$2 mqtt_port http_port
    shift 2
    mqtt_port=$(free_port) http_port=$(free_port)
    start_broker "$name-broker" "$mqtt_port" </dev/null || return
    "$@" "127.0.0.1:$mqtt_port" "127.0.0.1:$http_port" "$topic" >"$work/$name.log" 2>&1 &
    pids+=($!)
    await_port "$http_port" "$name" || return
    wire=plain mqtt=127.0.0.1:$mqtt_port
    url="ws://127.0.0.1:$http_port${path}userId=user-1"
    idle_url="ws://127.0.0.1:$http_port${path}userId=nobody"
}

# Debian's libraries lie in its own GOPATH and are no modules.
prepare_go() {
    command -v go >/dev/null || { echo "no Go compiler (package golang-go)"; return 1; }
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$cache/go-cache \
        go build -o "$cache/go-bridge" "$here/go/bridge.go" >"$work/go.log" 2>&1 ||
        { echo "does not build: $(tail -n 1 "$work/go.log")"; return 1; }
}
start_go() { start_bridge go "/ws?" "$cache/go-bridge"; }

prepare_node_modules() {
    command -v npm >/dev/null || { echo "no npm"; return 1; }
    # npm leaves its own copy of the lock file inside; a newer one of ours means it is stale.
    [ "$here/node_modules/.package-lock.json" -nt "$here/package-lock.json" ] ||
        (cd "$here" && npm ci --no-audit --no-fund) >"$work/npm.log" 2>&1 ||
        { echo "npm ci failed: $(tail -n 1 "$work/npm.log")"; return 1; }
}

prepare_node_ws() { prepare_node_modules; }
start_node_ws() { start_bridge node-ws "/ws?" node "$here/node/ws_bridge.mjs"; }

prepare_socket_io() { prepare_node_modules; }
start_socket_io() {
    start_bridge socket-io "/socket.io/?EIO=4&transport=websocket&" \
        node "$here/node/socketio_bridge.mjs" || return
    wire=socket.io
}

# --- mosquitto's own WebSocket listener, which enriches nothing

start_native() {  # NAME
    local mqtt_port ws_port
    mqtt_port=$(free_port) ws_port=$(free_port)
    start_broker "$1" "$mqtt_port" <<EOF || return
listener $ws_port 127.0.0.1
protocol websockets
EOF
    await_port "$ws_port" "$1" || return
    wire=mqtt mqtt=127.0.0.1:$mqtt_port
    url=ws://127.0.0.1:$ws_port/mqtt idle_url=$url
}

prepare_mosquitto() { :; }
start_mosquitto() { start_native mosquitto; }

# The newer broker of Debian's backports, unpacked beside the installed one, which stays.
prepare_backports() {
    local suite source apt
    mkdir -p "$cache/backports/lists/partial" "$cache/backports/archives/partial"
    [ ! -x "$cache/backports/root/usr/sbin/mosquitto" ] || return 0
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")-backports
    source=$cache/backports/sources.list
    echo "deb http://deb.debian.org/debian $suite main" >"$source"
    apt=(-o "Dir::Etc::SourceList=$source" -o Dir::Etc::SourceParts=/dev/null
        -o "Dir::State::Lists=$cache/backports/lists" -o "Dir::Cache=$cache/backports"
        -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o APT::Sandbox::User=)
    apt-get "${apt[@]}" -qq update >"$work/backports.log" 2>&1 ||
        { echo "$suite cannot be reached"; return 1; }
    (cd "$cache/backports" && apt-get "${apt[@]}" -qq download "mosquitto/$suite") \
        >>"$work/backports.log" 2>&1 ||
        { echo "$suite has no mosquitto: $(tail -n 1 "$work/backports.log")"; return 1; }
    dpkg-deb -x "$cache"/backports/mosquitto_*.deb "$cache/backports/root"
    ! ldd "$cache/backports/root/usr/sbin/mosquitto" | grep 'not found' ||
        { rm -r "$cache/backports/root"; echo "a library is missing"; return 1; }
}
start_backports() {
    local broker=$cache/backports/root/usr/sbin/mosquitto
    start_native backports
}
