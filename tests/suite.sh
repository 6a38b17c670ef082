# Runs test suites one after the other and adds up what they say. Sourced by run.sh.
# shellcheck shell=bash

passed=0 failed=0 skipped=0
broken=()
suite_log=$(mktemp)
trap 'rm -f "$suite_log"' EXIT

# suite NAME COUNT COMMAND...: runs the command with its output on the screen; COUNT reads it and
# prints "PASSED FAILED SKIPPED". A suite that breaks without naming a failed test counts as one.
suite() {
    local name=$1 count=$2 code start=$SECONDS p f s
    shift 2
    printf '\n== %s\n' "$name"
    set +e # not "|| code=...", which would turn off set -e inside the command as well
    (
        set -e
        "$@"
    ) 2>&1 | tee "$suite_log"
    code=${PIPESTATUS[0]}
    set -e
    [ "$code" != 77 ] || code=0 # skipped, and said so
    read -r p f s < <("$count" "$code" <"$suite_log")
    if [ "$code" != 0 ] && [ "$f" = 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$f" = 0 ] || broken+=("$name")
    printf -- '-- %s: %s passed, %s failed, %s skipped in %s s\n' \
        "$name" "$p" "$f" "$s" $((SECONDS - start))
}

# One check that is good or not.
count_exit() { if [ "$1" = 0 ]; then echo 1 0 0; else echo 0 1 0; fi; }

# "98% tests passed, 1 tests failed out of 53"
count_ctest() {
    awk '/\*\*\*Skipped/ { s++ }
         /tests? failed out of/ { f = $4; n = $NF }
         END { print n - f - s, f + 0, s + 0 }'
}

# "# pass 12" or, in newer versions, "ℹ pass 12"
count_node() {
    awk 'NF == 3 && $2 == "pass" { p = $3 }
         NF == 3 && ($2 == "fail" || $2 == "cancelled") { f += $3 }
         NF == 3 && $2 == "skipped" { s = $3 }
         END { print p + 0, f + 0, s + 0 }'
}

# "10 passed, 0 failed" or "0 passed, 0 failed, 1 skipped"
count_closing_line() {
    awk '$2 == "passed," { p = $1; f = $3; s = $5 } END { print p + 0, f + 0, s + 0 }'
}

# Shows what a command says only when it fails.
quietly() {
    local log
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
    else
        tail -n 200 "$log"
        rm -f "$log"
        return 1
    fi
}

# The closing lines; non-zero when anything failed.
summary() {
    printf '\n'
    [ ${#broken[@]} = 0 ] || printf 'FAILED: %s\n' "${broken[@]}"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
}
