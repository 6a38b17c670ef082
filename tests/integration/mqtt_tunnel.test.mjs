// MQTT over WebSocket on the port of the browsers: real MQTT.js, the real broker.

import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import test from "node:test";
import { basic, passwordLine } from "./credentials.mjs";
import { get, head, mqttSubscriber, openBrowser, refusedUpgrade, request, startBroker, until } from "./harness.mjs";
import {
  connectPacket,
  disconnectPacket,
  fakeBroker,
  publishPacket,
  rawTunnel,
  startTunnel,
  startTunnelTo,
  tlsHead,
  tunnelClient,
  tunnelUrl,
} from "./mqtt_stream.mjs";

const tunnels = async (broker) => (await broker.status()).sessions.by_transport.mqtt ?? 0;
const counted = async (broker, name) => (await broker.status()).limits[name];

for (const [name, options] of [
  ["3.1.1", { protocolVersion: 4 }],
  ["5", { protocolVersion: 5 }],
  ["3.1 under its old subprotocol", { protocolVersion: 3, protocolId: "MQIsdp" }],
]) {
  test(`MQTT.js speaks MQTT ${name}, with every QoS, on any path`, async (t) => {
    const broker = await startTunnel(t);
    const device = await mqttSubscriber(t, broker, "out/#");
    for (const path of ["", "/", "/ws", "/mqtt", "/a/b?x=1"]) {
      const page = await tunnelClient(t, broker, { path, ...options });
      const got = [];
      page.on("message", (topic, payload, packet) => got.push([topic, payload.toString(), packet.qos]));
      await page.subscribeAsync("in/#", { qos: 2 });
      for (const qos of [0, 1, 2]) {
        await page.publishAsync(`out/${qos}`, `from ${path} ${qos}`, { qos });
        await device.client.publishAsync(`in/${qos}`, `to ${path} ${qos}`, { qos });
      }

      await until("messages in the page", () => got.length === 3);
      assert.deepEqual(got, [0, 1, 2].map((qos) => [`in/${qos}`, `to ${path} ${qos}`, qos]));
      assert.deepEqual(
        (await device.take(3)).map((message) => [message.topic, message.text, message.qos]),
        [0, 1, 2].map((qos) => [`out/${qos}`, `from ${path} ${qos}`, qos]),
      );
      await page.endAsync();
    }
  });
}

test("the subprotocol that was offered is the one that is spoken", async (t) => {
  const broker = await startTunnel(t);
  for (const subprotocol of ["mqtt", "mqttv3.1"]) {
    const tunnel = await rawTunnel(t, broker, { subprotocol });
    assert.equal(tunnel.ws.protocol, subprotocol);
    tunnel.ws.send(connectPacket("raw"));
    await until("CONNACK", () => tunnel.received() === 4);
    assert.deepEqual([...tunnel.bytes()], [0x20, 2, 0, 0]);
    assert.equal(tunnel.textFrames(), 0);
  }
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  assert.equal(browser.ws.protocol, "");
});

test("a will is sent when a page vanishes, and not when it says goodbye", async (t) => {
  const broker = await startTunnel(t);
  const wills = await mqttSubscriber(t, broker, "wills/#");
  const lost = await rawTunnel(t, broker);
  lost.ws.send(connectPacket("lost", { topic: "wills/lost", payload: "gone" }));
  const closed = await rawTunnel(t, broker);
  closed.ws.send(connectPacket("closed", { topic: "wills/closed", payload: "gone" }));
  const polite = await rawTunnel(t, broker);
  polite.ws.send(connectPacket("polite", { topic: "wills/polite", payload: "gone" }));
  await until("CONNACKs", () => [lost, closed, polite].every((tunnel) => tunnel.received() === 4));

  polite.ws.send(Buffer.concat([publishPacket("wills/last", Buffer.from("word")), disconnectPacket]));
  polite.ws.close(1000);
  assert.deepEqual((await wills.take(1)).map((message) => message.topic), ["wills/last"]);
  await until("end of the polite one", async () => (await tunnels(broker)) === 2);
  lost.ws.terminate();
  assert.deepEqual((await wills.take(1)).map((message) => message.topic), ["wills/lost"]);
  closed.ws.close(1001);
  assert.deepEqual((await wills.take(1)).map((message) => message.topic), ["wills/closed"]);
  assert.deepEqual(wills.messages, []);
});

for (const [wire, first] of [["in clear", head], ["over TLS", tlsHead]]) {
  test(`1 MiB both ways is what it was, with QoS 0 and 2, ${wire}`, async (t) => {
    const broker = await startTunnel(t, { first });
    const page = await tunnelClient(t, broker, { protocolVersion: 5 });
    const other = await tunnelClient(t, broker);
    const got = [];
    other.on("message", (topic, payload) => got.push(payload));
    await other.subscribeAsync("large/#", { qos: 2 });
    for (const qos of [0, 2]) {
      const sent = Array.from({ length: 8 }, () => crypto.randomBytes(1024 * 1024));
      await Promise.all(sent.map((payload) => page.publishAsync("large/x", payload, { qos })));

      await until(`8 MiB with QoS ${qos}`, () => got.length === 8, 60_000);
      for (const [i, payload] of sent.entries()) assert.ok(payload.equals(got[i]), `payload ${i}`);
      got.length = 0;
    }
  });

  test(`a broker that hangs up is a normal close, after its last bytes, ${wire}`, async (t) => {
    const fake = await fakeBroker(t);
    const broker = await startTunnelTo(t, fake, { first });
    const tunnel = await rawTunnel(t, broker);
    const upstream = await fake.next();
    const bytes = crypto.randomBytes(3_000_000);

    upstream.end(bytes);

    assert.deepEqual(await tunnel.wasClosed(), { code: 1000, reason: "the broker closed the connection" });
    assert.ok(tunnel.bytes().equals(bytes));
    await broker.waitForLog(/rtbridge: MQTT tunnel of/);
  });

  test(`a broker that does not read makes the browser wait, and nothing is lost, ${wire}`, async (t) => {
    const fake = await fakeBroker(t);
    const broker = await startTunnelTo(t, fake, { first });
    const tunnel = await rawTunnel(t, broker);
    const upstream = await fake.next();
    const before = broker.rssBytes;
    const sent = Array.from({ length: 64 }, () => crypto.randomBytes(1024 * 1024));

    for (const bytes of sent) tunnel.ws.send(bytes);

    await until("the limit", async () => (await counted(broker, "tunnel_buffer")) > 0);
    let waits = 0;
    await until("standstill", async () => {
      const now = tunnel.ws.bufferedAmount;
      const same = now === waits;
      waits = now;
      return same;
    });
    assert.ok(waits > 32 * 1024 * 1024, `${waits} bytes still in the browser`);
    assert.ok(broker.rssBytes - before < 8 * 1024 * 1024, `${broker.rssBytes - before} bytes more`);
    const [{ queue_bytes }] = (await get(`${broker.httpUrl}/api/sessions`)).json.items;
    assert.ok(queue_bytes > 0 && queue_bytes <= 96 * 1024, `${queue_bytes} bytes wait`);

    const hash = crypto.createHash("sha256");
    let received = 0;
    upstream.on("data", (bytes) => (hash.update(bytes), (received += bytes.length)));
    upstream.resume();
    await until("all of it", () => received === 64 * 1024 * 1024, 60_000);
    const wanted = crypto.createHash("sha256");
    for (const bytes of sent) wanted.update(bytes);
    assert.equal(hash.digest("hex"), wanted.digest("hex"));
  });

  test(`a page that does not read makes the broker wait, and nothing is lost, ${wire}`, async (t) => {
    const fake = await fakeBroker(t);
    const broker = await startTunnelTo(t, fake, { first });
    const tunnel = await rawTunnel(t, broker);
    const upstream = await fake.next();
    const before = broker.rssBytes;
    tunnel.ws.pause();
    const sent = Array.from({ length: 64 }, () => crypto.randomBytes(1024 * 1024));

    for (const bytes of sent) upstream.write(bytes);

    let waits = 0;
    await until("standstill", async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const same = upstream.writableLength === waits && waits > 0;
      waits = upstream.writableLength;
      return same;
    });
    assert.ok(waits > 32 * 1024 * 1024, `${waits} bytes still in the broker`);
    assert.ok(broker.rssBytes - before < 8 * 1024 * 1024, `${broker.rssBytes - before} bytes more`);

    tunnel.ws.resume();
    await until("all of it", () => tunnel.received() === 64 * 1024 * 1024, 60_000);
    assert.ok(tunnel.bytes().equals(Buffer.concat(sent)));
  });

  test(`what a page said before it left arrives, however slow the broker is, ${wire}`, async (t) => {
    const fake = await fakeBroker(t);
    const broker = await startTunnelTo(t, fake, { first });
    const tunnel = await rawTunnel(t, broker);
    const upstream = await fake.next();
    const bytes = crypto.randomBytes(64 * 1024 * 1024);  // more than sockets hold
    const got = [];
    let ended = false;
    upstream.on("data", (part) => got.push(part));
    upstream.on("end", () => (ended = true));
    upstream.pause();

    tunnel.ws.send(bytes);
    tunnel.ws.close(1000);
    await until("the limit", async () => (await counted(broker, "tunnel_buffer")) > 0);
    upstream.resume();

    await until("the end", () => ended);
    assert.ok(Buffer.concat(got).equals(bytes));
  });
}

test("packets are a stream: split over frames, joined in one, an empty frame in between", async (t) => {
  const broker = await startTunnel(t);
  const device = await mqttSubscriber(t, broker, "split/#");
  const tunnel = await rawTunnel(t, broker);
  const packets = Buffer.concat([
    connectPacket("split"),
    publishPacket("split/1", Buffer.from("one")),
    publishPacket("split/2", Buffer.alloc(70_000, "x")),
  ]);

  for (let i = 0; i < 60; ++i) tunnel.ws.send(packets.subarray(i, i + 1));
  tunnel.ws.send(Buffer.alloc(0));
  tunnel.ws.send(packets.subarray(60, 1000), { fin: false });
  tunnel.ws.send(packets.subarray(1000, 1001), { fin: false });
  tunnel.ws.send(packets.subarray(1001), { fin: true });

  const messages = await device.take(2);
  assert.deepEqual(messages.map((message) => message.topic), ["split/1", "split/2"]);
  assert.equal(messages[1].text, "x".repeat(70_000));
});

test("500 pages at once", async (t) => {
  const broker = await startTunnel(t, { first: head.replace("127.0.0.1:0\"", '127.0.0.1:0"\nthreads = 2') });
  const pages = await Promise.all(Array.from({ length: 500 }, () => tunnelClient(t, broker)));
  let got = 0;
  for (const page of pages) page.on("message", () => ++got);
  await Promise.all(pages.map((page) => page.subscribeAsync("all")));
  assert.equal(await tunnels(broker), 500);

  await Promise.all(pages.map((page, i) => page.publishAsync(`one/${i}`, "x", { qos: 1 })));
  await pages[0].publishAsync("all", "hello");

  await until("a message in each", () => got === 500);
  await Promise.all(pages.map((page) => page.endAsync()));
  await until("the end of all", async () => (await tunnels(broker)) === 0);
});

test("status, metrics and log tell who is behind 127.0.0.1", async (t) => {
  const broker = await startTunnel(t, {
    rtbridge: '[auth]\nanonymous = "role:viewer"\npasswords_file = "passwords"\n[acl]\ndefault = "allow"\n',
    files: { passwords: "" },
  });
  const page = await tunnelClient(t, broker, {
    wsOptions: { headers: { Origin: broker.httpUrl } },
  });
  await page.publishAsync("x", "y", { qos: 1 });

  const { json } = await get(`${broker.httpUrl}/api/sessions`);
  assert.equal(json.items.length, 1);
  const [session] = json.items;
  assert.equal(session.transport, "mqtt");
  assert.equal(session.address, "127.0.0.1");
  assert.equal(session.user, null);
  assert.deepEqual(session.roles, ["viewer"]);
  assert.ok(session.delivered >= 2, "CONNACK and PUBACK");
  assert.equal(session.matched, session.delivered);
  assert.equal(session.queue_bytes, 0);
  const { text } = await get(`${broker.httpUrl}/metrics`);
  assert.match(text, /^rtbridge_sessions\{transport="mqtt"\} 1$/m);
  assert.match(text, /^rtbridge_received_bytes_total\{protocol="mqtt"\} [1-9]/m);
  assert.match(text, /^rtbridge_sent_bytes_total\{protocol="mqtt"\} [1-9]/m);
  assert.match(text, /^rtbridge_received_bytes_total\{protocol="websocket"\} 0$/m);
  const [, port] = await broker.waitForLog(
    /rtbridge: MQTT tunnel of a browser without login from 127\.0\.0\.1 is 127\.0\.0\.1:(\d+)/,
  );
  await broker.waitForLog(new RegExp(`New connection from 127\\.0\\.0\\.1:${port} `));
});

test("behind a trusted proxy the address is that of the browser", async (t) => {
  const broker = await startTunnel(t, {
    first: head + 'trusted_proxies = ["127.0.0.1"]\n',
    rtbridge: '[auth]\nanonymous = "role:viewer"\n',
  });
  await tunnelClient(t, broker, { wsOptions: { headers: { "X-Forwarded-For": "192.0.2.7" } } });

  await broker.waitForLog(/rtbridge: MQTT tunnel of a browser without login from 192\.0\.2\.7 is/);
});

test("without [mqtt_tunnel] the answer names it", async (t) => {
  const broker = await startBroker(t, { rtbridge: head });
  for (const path of ["/", "/ws", "/mqtt"]) {
    for (const subprotocol of ["mqtt", "mqttv3.1"]) {
      const { status, json } = await refusedUpgrade(tunnelUrl(broker, path), {
        headers: { "Sec-WebSocket-Protocol": subprotocol },
      });
      assert.equal(status, 404);
      assert.match(json.error.message, /\[mqtt_tunnel\]/);
    }
  }
});

test("a page of another site, and nobody where [auth] lets nobody in, are refused", async (t) => {
  const broker = await startTunnel(t);
  const offer = { "Sec-WebSocket-Protocol": "mqtt" };
  const foreign = { headers: { ...offer, Origin: "https://evil.example" } };
  assert.equal((await refusedUpgrade(tunnelUrl(broker), foreign)).status, 403);
  const rebound = { headers: { ...offer, Host: "evil.example" } };
  assert.equal((await refusedUpgrade(tunnelUrl(broker), rebound)).status, 403);

  const strict = await startTunnel(t, { rtbridge: '[auth]\npasswords_file = "passwords"\n', files: { passwords: "" } });
  for (const headers of [offer, { ...offer, Authorization: "Bearer x.y.z" }, { ...offer, Cookie: "rtbridge=x" }]) {
    assert.equal((await refusedUpgrade(tunnelUrl(strict), { headers })).status, 401);
  }
  assert.equal((await refusedUpgrade(tunnelUrl(strict, "/mqtt?ticket=none"), { headers: offer })).status, 401);
  assert.deepEqual((await get(`${strict.httpUrl}/api/sessions`)).json.items, []);
});

test("a text frame ends the tunnel", async (t) => {
  const broker = await startTunnel(t);
  const tunnel = await rawTunnel(t, broker);
  tunnel.ws.send(connectPacket("raw"));
  await until("CONNACK", () => tunnel.received() === 4);

  tunnel.ws.send("hello");

  assert.equal((await tunnel.wasClosed()).code, 1003);
  assert.equal(await counted(broker, "bad_requests"), 1);
  await until("its end", async () => (await tunnels(broker)) === 0);
});

test("a broker that is not there: 4100, counted and logged", async (t) => {
  const fake = await fakeBroker(t);
  fake.close();
  const broker = await startTunnelTo(t, fake);
  const tunnel = await rawTunnel(t, broker);

  assert.deepEqual(await tunnel.wasClosed(), { code: 4100, reason: "the broker is not reachable" });
  await broker.waitForLog(new RegExp(`no MQTT tunnel to ${fake.address}.*: Connection refused`));
  assert.equal((await broker.status()).messages.tunnels_failed, 1);
  assert.match((await get(`${broker.httpUrl}/metrics`)).text, /^rtbridge_tunnels_failed_total 1$/m);
});

test("a quiet page is pinged; one that does not answer is gone", async (t) => {
  const fake = await fakeBroker(t);
  const broker = await startTunnelTo(t, fake, { rtbridge: '[limits]\nping_interval = "1s"\n' });
  const alive = await rawTunnel(t, broker);
  const upstream = await fake.next();
  let pings = 0;
  alive.ws.on("ping", () => ++pings);
  const mute = await rawTunnel(t, broker, { autoPong: false });

  assert.deepEqual(await mute.wasClosed(), { code: 4201, reason: "no pong" });
  await until("two pings", () => pings >= 2);
  assert.equal(alive.ws.readyState, 1);
  assert.equal(await counted(broker, "ping_interval"), 1);
  upstream.destroy();
});

test("connections_per_user counts tunnels and sessions together", async (t) => {
  const broker = await startTunnel(t, {
    rtbridge: '[limits]\nconnections_per_user = 2\n[auth]\npasswords_file = "passwords"\n',
    files: { passwords: passwordLine("anna", "secret") },
  });
  const headers = { Authorization: basic("anna", "secret") };
  await openBrowser(t, `${broker.wsUrl}/ws`, { headers });
  const page = await tunnelClient(t, broker, { wsOptions: { headers } });
  await page.publishAsync("x", "y", { qos: 1 });

  const offer = { ...headers, "Sec-WebSocket-Protocol": "mqtt" };
  const { status } = await refusedUpgrade(tunnelUrl(broker), { headers: offer });
  assert.equal(status, 429);
  const { json: listed } = await get(`${broker.httpUrl}/api/sessions`);
  assert.deepEqual(listed.items.map((session) => [session.transport, session.user]).sort(), [
    ["mqtt", "anna"],
    ["websocket", "anna"],
  ]);
  await broker.waitForLog(/MQTT tunnel of user "anna" from 127\.0\.0\.1 is/);

  const cookie = await request("POST", `${broker.httpUrl}/api/login`, { "Content-Type": "application/json" }, '{"user":"anna","password":"secret"}');
  await page.endAsync();
  const sessions = async () => (await get(`${broker.httpUrl}/api/sessions`)).json.items;
  await until("room", async () => (await sessions()).length === 1);
  const again = await tunnelClient(t, broker, { wsOptions: { headers: { Cookie: cookie.headers["set-cookie"][0].split(";")[0], Origin: broker.httpUrl } } });
  await again.publishAsync("x", "y", { qos: 1 });
});

test("[acl] binds a page by its MQTT login", async (t) => {
  const broker = await startTunnel(t, {
    rtbridge: `[auth]
anonymous = "role:viewer"
mqtt = true
passwords_file = "passwords"
[acl]
[[acl.rule]]
user = "anna"
allow = ["publish", "receive", "subscribe"]
topics = ["pong/#"]
[[acl.rule]]
role = "viewer"
allow = ["receive", "subscribe"]
topics = ["pong/#"]
`,
    files: { passwords: passwordLine("anna", "secret") },
  });
  const anna = await tunnelClient(t, broker, { username: "anna", password: "secret", protocolVersion: 5 });
  await anna.publishAsync("pong/ball", "1", { qos: 1 });
  await assert.rejects(anna.publishAsync("other", "1", { qos: 1 }), /authorized/i);
  const nobody = await tunnelClient(t, broker, { protocolVersion: 5 });
  await nobody.subscribeAsync("pong/#");
  await assert.rejects(nobody.publishAsync("pong/ball", "1", { qos: 1 }), /authorized/i);
  await assert.rejects(tunnelClient(t, broker, { username: "anna", password: "wrong" }));
});

test("a reload closes tunnels that lead elsewhere now, and no others", async (t) => {
  const one = await fakeBroker(t);
  const two = await fakeBroker(t);
  const config = (fake) => `${head}[mqtt_tunnel]\nto = "${fake.address}"\n`;
  const broker = await startBroker(t, { rtbridge: config(one) });
  const first = await rawTunnel(t, broker);
  await one.next();

  await broker.reload(`${config(one)}[limits]\nframe = "32KiB"\n`);
  assert.equal(first.ws.readyState, 1);
  await broker.reload(config(two));
  assert.equal((await first.wasClosed()).code, 4203);

  const second = await rawTunnel(t, broker);
  await two.next();
  await broker.reload(head);
  assert.equal((await second.wasClosed()).code, 4003);
  const { status } = await refusedUpgrade(tunnelUrl(broker), { headers: { "Sec-WebSocket-Protocol": "mqtt" } });
  assert.equal(status, 404);
});

test("at shutdown tunnels are closed like sessions, in time", async (t) => {
  const fake = await fakeBroker(t);
  const broker = await startTunnelTo(t, fake);
  const tunnel = await rawTunnel(t, broker);
  const stalled = await rawTunnel(t, broker);
  await fake.next();
  const upstream = await fake.next();
  stalled.ws.pause();
  const wedge = setInterval(() => upstream.writableLength < 1e7 && upstream.write(Buffer.alloc(1e6)), 5);
  t.after(() => clearInterval(wedge));
  await until("a full way", () => upstream.writableLength > 2e6);

  const start = Date.now();
  const stopped = broker.stop();

  assert.deepEqual(await tunnel.wasClosed(), { code: 4200, reason: "shutdown" });
  assert.deepEqual(await stopped, { code: 0, signal: null });
  assert.ok(Date.now() - start < 8000, "drain_time is 2 s");
});

test("at shutdown of a broker whose clients come through the tunnel it ends in time", async (t) => {
  const broker = await startTunnel(t);
  const pages = await Promise.all(Array.from({ length: 20 }, () => rawTunnel(t, broker)));
  for (const page of pages) page.ws.send(connectPacket(`page-${Math.random()}`));
  await until("CONNACKs", () => pages.every((page) => page.received() === 4));

  const { code } = await broker.stop();

  assert.equal(code, 0);
  // Whichever came first: the broker closes its clients itself.
  for (const page of pages) assert.ok([1000, 4200].includes((await page.wasClosed()).code));
});
