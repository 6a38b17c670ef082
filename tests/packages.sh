#!/usr/bin/env bash
# Installs the Debian packages of the named groups, if any is missing; quick when none is.
# usage: tests/packages.sh GROUP...    groups: build run test docker bench
set -euo pipefail

packages_of() {
    case $1 in
    build)
        echo cmake ninja-build g++ pkgconf mosquitto-dev libmosquitto-dev libwebsockets-dev \
            libwebsockets-evlib-uv libuv1-dev libsimdjson-dev libtomlplusplus-dev \
            nlohmann-json3-dev libcli11-dev libssl-dev libcjose-dev libjansson-dev libargon2-dev \
            libmuparser-dev libcsv-dev
        ;;
    run) echo mosquitto mosquitto-clients libwebsockets-evlib-uv ;;
    test)
        echo ca-certificates ccache git libgtest-dev libgmock-dev libcmocka-dev libbenchmark-dev libmosquitto-dev \
            clang clang-format clang-tidy libclang-rt-dev valgrind chromium fonts-dejavu-core openssl \
            bash fish groff-base man-db mandoc zsh
        # Node.js often comes from elsewhere than Debian, with npm inside.
        command -v node >/dev/null || echo nodejs
        command -v npm >/dev/null || echo npm
        ;;
    docker) echo docker.io docker-compose mmdebstrap tini ;;
    bench)
        echo golang-go golang-github-eclipse-paho.mqtt.golang-dev \
            golang-github-gorilla-websocket-dev
        ;;
    *)
        echo "packages.sh: unknown group '$1'; there are: build run test docker bench" >&2
        return 1
        ;;
    esac
}

missing_of() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || :)" = installed ] ||
            echo "$package"
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "packages.sh: needs root or sudo to install packages" >&2
        return 1
    fi
}

# Debian starts services when it installs them. We run our own brokers and engines on our own
# ports, so a service that only came along with a package is kept from starting.
services=(mosquitto docker containerd)

install_packages() {
    local systemd=false service new_services=()
    [ ! -d /run/systemd/system ] || systemd=true
    for service in "${services[@]}"; do
        [ -e "/etc/init.d/$service" ] || [ -e "/lib/systemd/system/$service.service" ] ||
            new_services+=("$service")
    done
    if $systemd && [ ${#new_services[@]} -gt 0 ]; then
        as_root systemctl mask --quiet --runtime "${new_services[@]/%/.service}"
    fi

    local installed=true
    as_root apt-get update -qq || echo "packages.sh: package lists are not fresh" >&2
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null || installed=false

    for service in "${new_services[@]}"; do
        if $systemd; then
            as_root systemctl unmask --quiet --runtime "$service.service"
            as_root systemctl disable --quiet "$service.service" 2>/dev/null || :
        elif [ -x "/etc/init.d/$service" ]; then
            as_root "/etc/init.d/$service" stop >/dev/null 2>&1 || :
        fi
    done
    $installed
}

wanted=()
for group in "$@"; do
    listed=$(packages_of "$group")
    # shellcheck disable=SC2206  # a list of words
    wanted+=($listed)
done
mapfile -t missing < <(missing_of "${wanted[@]}" | sort -u)
[ ${#missing[@]} -gt 0 ] || exit 0
command -v apt-get >/dev/null || {
    echo "packages.sh: no apt-get here; please install: ${missing[*]}" >&2
    exit 1
}
echo "installing: ${missing[*]}"
install_packages "${missing[@]}"
