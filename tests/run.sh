#!/usr/bin/env bash
# Installs what is missing, builds, and tests.
# usage: tests/run.sh [--all]
#   --all   also clang, formatting, clang-tidy, sanitizers, valgrind, fuzzers, benchmarks, the
#           200,000 publish soak, the demo and the Docker image
# RTBRIDGE_BUILD_ROOT (default: build/) holds one build per compiler and sanitizer.
# shellcheck disable=SC2317  # the steps are called by name
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root=${RTBRIDGE_BUILD_ROOT:-$repo/build}
jobs=$(nproc)
# shellcheck source=tests/suite.sh
source "$repo/tests/suite.sh"

all=false
case ${1:-} in
'') ;;
--all) all=true ;;
*)
    sed -n '2,7s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac

# One cache for all clones: paths inside the checkout are hashed relative to it.
export CCACHE_BASEDIR=$repo CCACHE_NOHASHDIR=1

# build NAME TARGETS CMAKE_OPTION...
build() {
    local name=$1 targets launcher=()
    read -ra targets <<<"$2"
    shift 2
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
    cmake -S "$repo" -B "$root/$name" -G Ninja -DRTBRIDGE_WERROR=ON "${launcher[@]}" "$@" >/dev/null
    quietly cmake --build "$root/$name" --target "${targets[@]}" --parallel "$jobs"
}

build_gcc() { build gcc all -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++; }
# The product for the warnings, and the fuzzers to run. The tests only g++ sees.
build_clang() {
    build clang "rtbridge rtbridgectl fuzzers" -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
        -DRTBRIDGE_FUZZ=ON -DCMAKE_CXX_FLAGS=-fsanitize=fuzzer-no-link \
        -DRTBRIDGE_SANITIZE=address,undefined
}
# With assertions on, and fast enough. -g1 is what reports need: functions and lines.
# No warnings as errors: with its sanitizers g++ 12 warns of uninitialized members in its own <regex>.
# build_sanitized NAME SANITIZERS TARGETS
build_sanitized() {
    build "$1" "$3" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=g++ \
        -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g1" -DRTBRIDGE_SANITIZE="$2" -DRTBRIDGE_WERROR=OFF
}

# What was not built counts neither way.
ctest_in() {
    ctest --test-dir "$root/$1" --parallel "$jobs" --output-on-failure --exclude-regex NOT_BUILT |
        grep -vE '^ +Start +[0-9]+:|\. +Passed '
}

node_modules() {
    cd "$repo/tests/integration"
    # npm leaves its own copy of the lock file inside; a newer one of ours means it is stale.
    [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund
}

# integration NAME_OF_TEST_FILE...
integration() {
    local files=("${@/%/.test.mjs}")
    cd "$repo/tests/integration"
    RTBRIDGE_SO=${RTBRIDGE_SO:-$root/gcc/plugin/rtbridge.so} \
        RTBRIDGE_ARTIFACTS=${RTBRIDGE_ARTIFACTS:-$repo/build/artifacts} \
        timeout 30m node --test --test-reporter=spec "${files[@]}" # a test that hangs ends nothing else
}

quick_integration() {
    local file files=()
    for file in "$repo"/tests/integration/*.test.mjs; do
        file=$(basename "$file" .test.mjs)
        [ "$file" = soak ] || [ "$file" = demo ] || files+=("$file")
    done
    integration "${files[@]}"
}

under_valgrind() {
    # The build of g++: valgrind 3.19 can't read what clang writes for debuggers.
    RTBRIDGE_SO=$root/gcc/plugin/rtbridge.so RTBRIDGE_DEADLINE_MS=120000 \
        RTBRIDGE_MOSQUITTO="valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --keep-debuginfo=yes mosquitto" \
        integration lifecycle
}

# The stock broker is not instrumented, so the sanitizer's library has to be there before it, and with
# it the C++ library whose exceptions it watches. What ASan keeps of freed memory is no growth.
broker_under() {
    local build=$1 library
    library=$(g++ -print-file-name="$2"):$(g++ -print-file-name=libstdc++.so.6)
    shift 2
    RTBRIDGE_SO=$root/$build/plugin/rtbridge.so RTBRIDGE_DEADLINE_MS=60000 \
        RTBRIDGE_SOAK_PUBLISHES=40000 RTBRIDGE_SOAK_GROWTH_MIB=64 RTBRIDGE_CHURN_SESSIONS=1000 \
        RTBRIDGE_MOSQUITTO="env LD_PRELOAD=$library ASAN_OPTIONS=quarantine_size_mb=8 mosquitto" \
        integration "$@"
}

conformance_under() {
    RTBRIDGE_SO=$root/$1/plugin/rtbridge.so RTBRIDGE_DEADLINE_MS=60000 \
        integration engineio_conformance socketio_client
}

formatted() {
    cd "$repo"
    find src plugin tests -name node_modules -prune -o \
        \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -print0 |
        xargs -0 clang-format --dry-run -Werror
}

tidy() { quietly run-clang-tidy -quiet -p "$root/clang" -j "$jobs" "^$repo/(src|plugin)/"; }

fuzz() {
    local fuzzer name found corpora
    found=$(mktemp -d)  # not beside the seeds
    for fuzzer in "$root"/clang/tests/fuzz/*_fuzz; do
        name=$(basename "$fuzzer" _fuzz)
        echo "$name"
        mkdir "$found/$name"
        corpora=("$found/$name")
        [ ! -d "$repo/tests/fuzz/seeds/$name" ] || corpora+=("$repo/tests/fuzz/seeds/$name")
        quietly "$fuzzer" -seed=1 -runs=50000 -max_len=4096 "${corpora[@]}"
    done
    rm -r "$found"
}

bench() {
    quietly "$repo/tests/bench/run.sh" --short "$root/gcc"
    quietly "$repo/tests/bench/acl_throughput.sh" --short "$root/gcc"
    quietly "$repo/tests/bench/compare/run.sh" --short "$root/gcc"
}

"$repo/tests/packages.sh" build run test
cd "$repo"
suite "build with g++, warnings as errors" count_exit build_gcc
suite "unit tests, and the plugin in a fake broker" count_ctest ctest_in gcc
suite "npm ci" count_exit node_modules
suite "the real broker with real clients" count_node quick_integration

if $all; then
    "$repo/tests/packages.sh" docker
    suite "build with clang: -Wthread-safety, fuzzers" count_exit build_clang
    suite "clang-format" count_exit formatted
    suite "clang-tidy" count_exit tidy
    suite "build with AddressSanitizer and UBSan" count_exit build_sanitized asan address,undefined all
    suite "unit and plugin tests under AddressSanitizer and UBSan" count_ctest ctest_in asan
    suite "build with ThreadSanitizer" count_exit build_sanitized tsan thread "thread_tests conformance_server"
    suite "the tests that start threads, under ThreadSanitizer" count_ctest ctest_in tsan
    suite "the real broker under AddressSanitizer" count_node broker_under asan libasan.so lifecycle soak churn
    suite "the real broker under ThreadSanitizer" count_node broker_under tsan libtsan.so lifecycle soak churn threads socketio_app mqtt_tunnel
    suite "Engine.IO and Socket.IO under ThreadSanitizer" count_node conformance_under tsan
    suite "the real broker under valgrind" count_node under_valgrind
    suite "fuzzers" count_exit fuzz
    suite "benchmarks run" count_exit bench
    suite "soak: 200,000 publishes" count_node integration soak
    suite "the demo" count_node integration demo
    suite "the Docker image" count_closing_line "$repo/tests/docker/image_test.sh"
fi
summary
