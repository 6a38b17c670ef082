// 200,000 QoS 1 publishes through an enriching rule, while browsers come and go at random.

import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { battery, batteryRule, head, mqttClient, startBroker, until } from "./harness.mjs";

const publishes = Number(process.env.RTBRIDGE_SOAK_PUBLISHES ?? 200_000);
const users = 100;
const sessions = 50;
const inFlight = 1000; // publishes not yet seen by the subscriber
const minuteMs = 60_000;
const growthBytes = Number(process.env.RTBRIDGE_SOAK_GROWTH_MIB ?? 8) << 20; // more under a sanitizer

// Counts each sequence number; a message that comes twice or not at all shows.
async function subscribe(t, broker) {
  const client = await mqttClient(t, broker);
  const seen = { times: new Uint8Array(publishes), count: 0, wrong: 0 };
  client.on("message", (_, payload) => {
    const { seq, state } = JSON.parse(payload);
    seen.times[seq] += 1;
    seen.count += 1;
    if (state !== (seq % 2 ? "Charging" : "Discharging")) seen.wrong += 1;
  });
  await client.subscribeAsync("battery/topic", { qos: 1 });
  return seen;
}

// One browser after the other until `over` says so, each leaving after some frames, politely or not.
async function comeAndGo(url, over, stats) {
  while (!over()) {
    const ws = new WebSocket(`${url}?userId=user-${Math.floor(Math.random() * users)}`);
    let leaveAfter = Math.floor(Math.random() * 100);
    const gone = new Promise((resolve) => ws.on("close", resolve));
    ws.on("error", () => (stats.errors += over() ? 0 : 1));
    ws.on("open", () => (stats.opened += 1));
    ws.on("message", (data) => {
      if (!JSON.parse(data).state) stats.errors += 1;
      if (--leaveAfter > 0 && !over()) return;
      if (Math.random() < 0.5) ws.close();
      else ws.terminate();
    });
    const watch = setInterval(() => over() && ws.terminate(), 100);
    await gone;
    clearInterval(watch);
  }
}

test("nothing is lost towards MQTT and the broker's memory stays flat", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}${batteryRule}mqtt = "replace"\n`,
    // Debian's defaults would drop beyond 1000 queued messages, which is not our subject.
    mosquitto: "max_queued_messages 0\nmax_inflight_messages 0",
  });
  const seen = await subscribe(t, broker);
  const device = await mqttClient(t, broker);
  const stats = { opened: 0, errors: 0 };
  let over = false;
  const browsers = Array.from({ length: sessions }, () =>
    comeAndGo(`${broker.wsUrl}/ws`, () => over, stats),
  );

  let sent = 0;
  const publishUpTo = async (end) => {
    for (; sent < end; ++sent) {
      const seq = sent;
      const payload = battery(`user-${seq % users}`, seq % 2 ? 700 : -700, { seq });
      device.publish("battery/topic", payload, { qos: 1 });
      if (sent - seen.count >= inFlight) {
        await until("room", () => sent - seen.count < inFlight / 2, minuteMs);
      }
    }
    await until(`all of ${end}`, () => seen.count >= end, minuteMs);
    return broker.rssBytes;
  };
  const warm = await publishUpTo(publishes / 4);
  const end = await publishUpTo(publishes);
  over = true;
  await Promise.all(browsers);

  assert.equal(seen.count, publishes);
  assert.equal(seen.times.findIndex((times) => times !== 1), -1);
  assert.equal(seen.wrong, 0);
  assert.equal(stats.errors, 0);
  assert.ok(stats.opened > sessions, `${stats.opened} sessions`);
  assert.ok(end - warm < growthBytes, `grew from ${warm} to ${end} bytes`);
  await until("no session left", async () => (await broker.status()).sessions.total === 0);
  assert.equal((await broker.stop()).code, 0);
  t.diagnostic(`${stats.opened} sessions; broker's memory ${warm >> 10} KiB -> ${end >> 10} KiB`);
});
