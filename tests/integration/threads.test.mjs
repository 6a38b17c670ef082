// threads = n: the sessions of one port are spread over n listener threads and notice nothing of it.

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import {
  battery, batteryRule, freePort, head, mqttClient, openBrowser, refusedStart, refusedUpgrade,
  startBroker, until,
} from "./harness.mjs";

const threads = 4;
const config = (more = "") => `${head}threads = ${threads}\n${more}${batteryRule}`;

// Enough that each thread gets some: one of four stays without by a chance of 4 * 0.75^64.
const count = 64;
const openMany = (t, broker, sessions = count) =>
  Promise.all(Array.from({ length: sessions }, () => openBrowser(t, `${broker.wsUrl}/ws?snapshot=0`)));

// Sockets of this machine that listen on an IPv4 port.
function listeningSockets(port) {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return fs.readFileSync("/proc/net/tcp", "utf8").split("\n").filter((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    return local?.endsWith(wanted) && state === "0A";
  }).length;
}

test("every session on every thread gets every message, in order", async (t) => {
  const broker = await startBroker(t, { rtbridge: config() });
  assert.equal(listeningSockets(Number(new URL(broker.httpUrl).port)), threads);
  const device = await mqttClient(t, broker);
  const browsers = await openMany(t, broker);

  const messages = 500;
  for (let n = 0; n < messages; ++n) {
    device.publish("battery/topic", battery("user-1", 1, { n }), { qos: 1 });
  }

  const expected = Array.from({ length: messages }, (_, n) => n);
  for (const browser of browsers) {
    await until("all messages", () => browser.frames.length >= messages);
    assert.deepEqual(browser.frames.map((frame) => JSON.parse(frame).n), expected);
  }
});

test("a browser that comes later gets the newest value, whatever thread it meets", async (t) => {
  const broker = await startBroker(t, { rtbridge: config() });
  const device = await mqttClient(t, broker);
  const witness = await openMany(t, broker);
  await device.publishAsync("battery/topic", battery("user-1", 1, { n: 1 }), { qos: 1 });
  await Promise.all(witness.map((browser) => browser.next()));

  const late = await Promise.all(
    Array.from({ length: count }, () => openBrowser(t, `${broker.wsUrl}/ws?userId=user-1`)),
  );

  for (const browser of late) assert.equal((await browser.next()).n, 1);
});

test("limits.connections is one limit of all threads together", async (t) => {
  const broker = await startBroker(t, { rtbridge: config("[limits]\nconnections = 10\n") });
  const url = `${broker.wsUrl}/ws`;
  const browsers = [];
  for (let i = 0; i < 10; ++i) browsers.push(await openBrowser(t, url));

  for (let i = 0; i < 20; ++i) assert.equal((await refusedUpgrade(url)).status, 503);

  browsers[0].ws.close();
  await browsers[0].wasClosed();
  assert.ok(await until("a free place", () => openBrowser(t, url).catch(() => null)));
});

test("limits.connections_per_ip counts over all threads", async (t) => {
  const broker = await startBroker(t, { rtbridge: config("[limits]\nconnections_per_ip = 5\n") });
  const url = `${broker.wsUrl}/ws`;
  for (let i = 0; i < 5; ++i) await openBrowser(t, url);

  for (let i = 0; i < 20; ++i) assert.equal((await refusedUpgrade(url)).status, 429);
});

test("a reload reaches the sessions of every thread", async (t) => {
  const broker = await startBroker(t, { rtbridge: config() });
  const browsers = await openMany(t, broker);

  // Nobody is anonymous any more.
  const outsiders = `${config()}\n[auth]\nanonymous = "deny"\npasswords_file = "passwords"\n`;
  broker.write("passwords", "anna:$7$101$AAAAAAAAAAAAAAAA$" + "A".repeat(86) + "==\n");
  broker.write("rtbridge.toml", outsiders);
  await broker.sighup();

  for (const browser of browsers) assert.equal((await browser.wasClosed()).code, 4003);
});

test("at the end the sessions of all threads are told to come back, and the end is in time", async (t) => {
  const broker = await startBroker(t, { rtbridge: config(`[limits]
drain_time = "2s"
queue = { soft = "16KiB", hard = "64KiB", close_after = "60s" }
`) });
  const device = await mqttClient(t, broker);
  const padding = "x".repeat(16_000);
  // These stop reading and can't be told goodbye: their threads wait out drain_time, all at once.
  const deaf = await openMany(t, broker, 8);
  for (const { ws } of deaf) ws._socket.pause();
  await until("queues that are full", async () => {
    await Promise.all(Array.from({ length: 100 }, (_, n) =>
      device.publishAsync("battery/topic", battery(`user-${n}`, 1, { padding }), { qos: 1 })));
    return (await broker.status()).messages.dropped > deaf.length * 100;
  }, 60_000);
  const browsers = await openMany(t, broker);

  const begin = Date.now();
  assert.deepEqual(await broker.stop(), { code: 0, signal: null });
  const took = Date.now() - begin;

  for (const browser of browsers) assert.equal((await browser.wasClosed()).code, 4200);
  assert.ok(took < 5_000, `${took} ms`);
});

test("a port that another broker's listeners share is refused, with threads or without", async (t) => {
  const port = await freePort();
  const on = (lines) => `version = 1\n[listener]\nbind = "127.0.0.1:${port}"\n${lines}${batteryRule}`;
  await startBroker(t, { rtbridge: on(`threads = ${threads}\n`) });

  for (const lines of ["", `threads = ${threads}\n`]) {
    const { log } = await refusedStart(t, { rtbridge: on(lines) });
    assert.match(log, /listener\.bind: cannot bind .*Address already in use/);
  }
});

test("the log says how many browsers there is room for", async (t) => {
  const broker = await startBroker(t, { rtbridge: config("[limits]\nconnections = 100\n") });

  await broker.waitForLog(/room for 100 browsers: limits\.connections; the process may open \d+ files, \d+ kept for MQTT clients/);
});
