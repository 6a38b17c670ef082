// The plain mode of /ws: what an existing page relies on, what is refused, and what each limit does.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import {
  battery, batteryRule, get, head, mqttClient, openBrowser, rawConnection, refusedUpgrade,
  startBroker, until, within,
} from "./harness.mjs";

const withLimits = (lines) => ({ rtbridge: `${head}[limits]\n${lines}\n${batteryRule}` });
// With a route that takes everything, beside the battery.
const withRest = {
  rtbridge: `${head}${batteryRule}[[rule]]\nname = "plant"\ntopics = ["plant/#"]\n`,
};

async function started(t, options) {
  const broker = await startBroker(t, options);
  const device = await mqttClient(t, broker);
  const publish = (topic, payload) => device.publishAsync(topic, payload, { qos: 1 });
  return { broker, publish };
}

test("an existing battery page gets the frames of its user, and nothing around them", async (t) => {
  const { broker, publish } = await started(t);
  const page = await openBrowser(t, `${broker.wsUrl}/ws?userId=user-1`);

  await publish("battery/topic", battery("user-2", 5));
  await publish("battery/topic", '{"userId":"user-1","batteryPercent":80,"batteryPower":1200}');

  assert.equal(
    await page.nextText(),
    '{"userId":"user-1","batteryPercent":80,"batteryPower":1200,"state":"Charging"}',
  );
});

test("a browser without a selection gets every update", async (t) => {
  const { broker, publish } = await started(t, withRest);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);

  await publish("battery/topic", battery("user-1", 5));
  await publish("plant/7", '{"soc":1}');

  assert.equal((await browser.next()).userId, "user-1");
  assert.deepEqual(await browser.next(), { soc: 1 });
});

test("?topic= selects by filter, several add up, and a key narrows them", async (t) => {
  const { broker, publish } = await started(t, withRest);
  const plants = await openBrowser(t, `${broker.wsUrl}/ws?topic=plant%2F%2B&topic=plant%2F9%2Fx`);
  const narrowed = await openBrowser(t, `${broker.wsUrl}/ws?topic=battery%2F%23&userId=user-2`);

  await publish("battery/topic", battery("user-1", 5));
  await publish("plant/9/y", '{"n":0}');
  await publish("plant/7", '{"n":1}');
  await publish("plant/9/x", '{"n":2}');
  await publish("battery/topic", battery("user-2", 5));

  assert.deepEqual([await plants.next(), await plants.next()], [{ n: 1 }, { n: 2 }]);
  assert.equal((await narrowed.next()).userId, "user-2");
});

test("the newest value of each selected topic and key is there at once", async (t) => {
  const { broker, publish } = await started(t);
  await publish("battery/topic", battery("user-1", 5));
  await publish("battery/topic", battery("user-1", -7));
  await publish("battery/topic", battery("user-2", 1));

  const one = await openBrowser(t, `${broker.wsUrl}/ws?userId=user-1`);
  const all = await openBrowser(t, `${broker.wsUrl}/ws`);

  assert.equal((await one.next()).batteryPower, -7);
  const users = [(await all.next()).userId, (await all.next()).userId];
  assert.deepEqual(users.sort(), ["user-1", "user-2"]);
});

test("?snapshot=0 leaves out the newest values", async (t) => {
  const { broker, publish } = await started(t);
  await publish("battery/topic", battery("user-1", 5));
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?userId=user-1&snapshot=0`);

  await publish("battery/topic", battery("user-1", -7));

  assert.equal((await browser.next()).batteryPower, -7);
});

test("a payload that is not JSON is skipped for browsers", async (t) => {
  const { broker, publish } = await started(t, withRest);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);

  await publish("plant/1", "not JSON");
  await publish("plant/1", '{"n":1}');

  assert.deepEqual(await browser.next(), { n: 1 });
});

test("an unknown parameter is refused and the answer names the known ones", async (t) => {
  const { broker } = await started(t);

  const { status, json } = await refusedUpgrade(`${broker.wsUrl}/ws?user=1`);

  assert.equal(status, 400);
  for (const known of ["user", "userId", "topic", "snapshot"]) {
    assert.ok(json.error.message.includes(known), json.error.message);
  }
});

test("a filter that MQTT does not allow is refused", async (t) => {
  const { broker } = await started(t);

  for (const filter of ["", "a#", "a/#/b", "a+"]) {
    const url = `${broker.wsUrl}/ws?topic=${encodeURIComponent(filter)}`;
    const { status, json } = await refusedUpgrade(url);
    assert.equal(status, 400, filter);
    assert.equal(typeof json.error.message, "string");
  }
});

test("pages of another host may not connect; those of the same host and non-browsers may", async (t) => {
  const { broker } = await started(t);
  const url = `${broker.wsUrl}/ws`;

  for (const origin of ["http://evil.example", "null", "http://127.0.0.1.evil.example", "file://"]) {
    assert.equal((await refusedUpgrade(url, { headers: { origin } })).status, 403, origin);
  }
  for (const origin of ["http://127.0.0.1:3000", "https://127.0.0.1", undefined]) {
    await openBrowser(t, url, origin ? { headers: { origin } } : {});
  }
});

test("a listed origin may connect, and then only listed ones", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}origins = ["https://app.example"]\n[auth]\nanonymous = "role:viewer"\n${batteryRule}`,
  });
  const url = `${broker.wsUrl}/ws`;

  await openBrowser(t, url, { headers: { origin: "https://app.example" } });
  for (const origin of ["https://app.example:444", "http://app.example", "null"]) {
    assert.equal((await refusedUpgrade(url, { headers: { origin } })).status, 403, origin);
  }
});

test("without [auth], what came through a proxy or under another name is refused", async (t) => {
  const { broker } = await started(t);

  for (const headers of [{ host: "rebound.example" }, { "x-forwarded-for": "203.0.113.9" }]) {
    assert.equal((await refusedUpgrade(`${broker.wsUrl}/ws`, { headers })).status, 403);
  }
});

test("what a browser sends is answered with bad_request; the third time closes", async (t) => {
  const { broker } = await started(t);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);

  for (let i = 0; i < 3; ++i) {
    browser.ws.send("hello?");
    assert.equal((await browser.next()).err.code, "bad_request");
  }

  assert.equal((await browser.wasClosed()).code, 1008);
  assert.equal((await broker.status()).limits.bad_requests, 3);
});

test("a frame over limits.frame closes the session, and only that one", async (t) => {
  const { broker, publish } = await started(t, withLimits('frame = "1KiB"'));
  const talker = await openBrowser(t, `${broker.wsUrl}/ws`);
  const other = await openBrowser(t, `${broker.wsUrl}/ws`);

  talker.ws.send("x".repeat(2000));

  assert.equal((await talker.wasClosed()).code, 1009);
  await publish("battery/topic", battery("user-1", 5));
  assert.equal((await other.next()).userId, "user-1");
  assert.equal((await broker.status()).limits.frame, 1);
});

test("browsers beyond limits.connections get 503 with Retry-After, until a place is free", async (t) => {
  const { broker } = await started(t, withLimits("connections = 2"));
  const url = `${broker.wsUrl}/ws`;
  const first = await openBrowser(t, url);
  await openBrowser(t, url);

  const { status, headers } = await refusedUpgrade(url);
  assert.equal(status, 503);
  assert.match(headers["retry-after"], /^\d+$/);

  first.ws.close();
  await first.wasClosed();
  const accepted = await until("a free place", () => openBrowser(t, url).catch(() => null));
  assert.ok(accepted);
});

test("a browser that answers no ping is closed, one that does stays", async (t) => {
  const { broker, publish } = await started(t, withLimits('ping_interval = "1s"'));
  const silent = await openBrowser(t, `${broker.wsUrl}/ws`, { autoPong: false });
  const alive = await openBrowser(t, `${broker.wsUrl}/ws`);

  await silent.wasClosed();

  assert.equal((await broker.status()).limits.ping_interval, 1);
  await publish("battery/topic", battery("user-1", 5));
  assert.equal((await alive.next()).userId, "user-1");
});

test("a connection that does not finish its request is closed after limits.handshake_timeout", async (t) => {
  const { broker } = await started(t, withLimits('handshake_timeout = "500ms"'));
  const silent = await rawConnection(t, broker);
  const half = await rawConnection(t, broker);
  half.write("GET /ws HTTP/1.1\r\nHost: 127.0");

  await Promise.all([silent, half].map((socket) => {
    socket.resume();
    return within("close of an unfinished handshake", once(socket, "close"));
  }));

  assert.equal((await broker.status()).limits.handshake_timeout, 2);
});

test("a header beyond limits.header is not read to its end; the connection is closed and counted", async (t) => {
  const { broker } = await started(t, withLimits('header = "4KiB"'));
  const socket = await rawConnection(t, broker);
  socket.on("error", () => {}); // a reset is as good as a close
  socket.resume();
  const closed = once(socket, "close");

  socket.write(`GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${"x".repeat(20_000)}\r\n\r\n`);

  await within("close of an endless header", closed);
  assert.equal((await broker.status()).limits.header, 1);
});

test("more selectors than limits.subscriptions are refused and counted", async (t) => {
  const { broker } = await started(t, withLimits("subscriptions = 2"));

  const answer = await refusedUpgrade(`${broker.wsUrl}/ws?topic=a&topic=b&topic=c`);

  assert.equal(answer.status, 400);
  assert.match(answer.text, /limits\.subscriptions = 2/);
  assert.equal((await broker.status()).limits.subscriptions, 1);
});

// An upgraded connection whose peer stops reading.
async function stalledBrowser(t, broker) {
  const socket = await rawConnection(t, broker);
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: ${new URL(broker.httpUrl).host}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  const [answer] = await within("upgrade", once(socket, "data"));
  assert.match(answer.toString(), /^HTTP\/1\.1 101/);
  socket.pause();
  return socket;
}

test("a slow reader gets the newest values and loses the oldest, counted; others and the broker's memory are untouched", async (t) => {
  const queue = 'queue = { soft = "64KiB", hard = "256KiB", close_after = "30s" }';
  const { broker, publish } = await started(t, withLimits(queue));
  const padding = "x".repeat(16_000);
  // The newest of all keys together are more than the queue may hold.
  const update = (n) => battery(`user-${n % 40}`, 1, { n, padding });
  await publish("battery/topic", update(0));
  const before = broker.rssBytes;
  const stalled = await stalledBrowser(t, broker);
  const quick = await openBrowser(t, `${broker.wsUrl}/ws?snapshot=0`);

  // 48 MB: far beyond what the kernel's socket buffers can hide.
  const count = 3000;
  for (let n = 1; n <= count; ++n) {
    await publish("battery/topic", update(n));
    if (n % 100 === 0) await until("the quick browser", () => quick.frames.length >= n);
  }

  assert.deepEqual(
    quick.frames.map((frame) => JSON.parse(frame).n),
    Array.from({ length: count }, (_, i) => i + 1),
  );
  const { messages, limits } = await broker.status();
  assert.ok(messages.dropped > 0 && limits["queue.hard"] > 0, JSON.stringify({ messages, limits }));
  assert.ok(broker.rssBytes - before < 16 << 20, `${before} -> ${broker.rssBytes}`);

  // The newest is what a slow reader gets in the end.
  let tail = "";
  stalled.on("data", (data) => (tail = (tail + data.toString("latin1")).slice(-40_000)));
  stalled.resume();
  await until("the newest update", () => tail.includes(`"n":${count},`));
});

test("browsers are told to come back soon when the broker stops", async (t) => {
  const { broker } = await started(t);
  const browsers = await Promise.all(
    Array.from({ length: 20 }, () => openBrowser(t, `${broker.wsUrl}/ws`)),
  );

  assert.equal((await broker.stop()).code, 0);

  for (const browser of browsers) assert.equal((await browser.wasClosed()).code, 4200);
});

test("the number of sessions follows browsers that come and go", async (t) => {
  const { broker } = await started(t);
  const [first, second] = [
    await openBrowser(t, `${broker.wsUrl}/ws`),
    await openBrowser(t, `${broker.wsUrl}/ws`),
  ];
  assert.equal((await get(`${broker.httpUrl}/websocket/status`)).json.connectedClients, 2);

  first.ws.close();
  second.ws.terminate();

  await until("no session", async () => (await broker.status()).sessions.total === 0);
});
