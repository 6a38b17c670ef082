# Brokers for a measurement, ended and removed when the script that sources this ends.
# shellcheck shell=bash

work=$(mktemp -d)
pids=()
broker=mosquitto  # the command that start_broker runs
stop_brokers() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait || true
    pids=()
}
finish() {
    stop_brokers
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 143' INT TERM

is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the ports that the kernel gives to outgoing connections, or one of our thousands could take it.
free_port() {
    local port
    while port=$((20000 + RANDOM % 10000)); is_open "$port"; do :; done
    echo "$port"
}

await_port() {  # PORT NAME
    for _ in {1..100}; do
        if is_open "$1"; then return; fi
        sleep 0.05
    done
    echo "$2 does not listen on port $1" >&2
    cat "$work/$2.log" >&2
    return 1
}

start_broker() {  # NAME PORT, further lines of its configuration on standard input
    {
        echo "user $(id -un)"
        echo "listener $2 127.0.0.1"
        echo "allow_anonymous true"
        echo "max_queued_messages 0"
        echo "max_inflight_messages 0"
        echo "set_tcp_nodelay true"
        echo "log_dest stderr"
        echo "log_type error"
        cat
    } >"$work/$1.conf"
    "$broker" -c "$work/$1.conf" 2>"$work/$1.log" &
    pids+=($!)
    await_port "$2" "$1"
}
