#!/usr/bin/env bash
# Six simulated home batteries, user-1 to user-6: one line of JSON each per second.
# usage: batteries.sh    (to standard output, until the reader goes away)
set -euo pipefail

# The sun charges, the household discharges, at dawn and dusk neither: a day takes two minutes,
# and each battery lives at another longitude.
exec awk '
function clamp(x, low, high) { return x < low ? low : x > high ? high : x }
function watts(user,    sun, load) {
    sun = sin(2 * pi * (second / 120 + user / 6))
    load = 150 * sin(2 * pi * (second / 17 + user / 4))
    if (sun > -0.12 && sun < 0.12) return 0
    return int((1400 + 400 * user) * sun + load)
}
BEGIN {
    pi = atan2(0, -1)
    for (user = 1; user <= 6; user++) percent[user] = 12 * user + 5
    for (second = 0; ; second++) {
        for (user = 1; user <= 6; user++) {
            power = watts(user)
            if ((percent[user] >= 100 && power > 0) || (percent[user] <= 2 && power < 0)) power = 0
            percent[user] = clamp(percent[user] + power / 2000, 2, 100)
            printf "{\"userId\":\"user-%d\",\"batteryPercent\":%.1f,\"batteryPower\":%d}\n",
                user, percent[user], power
        }
        fflush()
        if (system("sleep 1") != 0) exit
    }
}'
