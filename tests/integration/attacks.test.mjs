// What somebody with a socket and bad intentions can send. Each attack ends in a clean refusal or in
// a harmless answer; afterwards the listener serves, the counter of the limit that acted has moved,
// and MQTT did not notice.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  battery,
  batteryRule,
  get,
  head,
  mqttClient,
  mqttSubscriber,
  openBrowser,
  refusedUpgrade,
  startBroker,
  until,
} from "./harness.mjs";
import { exchange, frame, rawTalk, rawWebSocket } from "./raw_socket.mjs";

const limited = (lines) => `${head}[limits]\n${lines}\n${batteryRule}`;
const start = (t, limits = 'handshake_timeout = "1s"') => startBroker(t, { rtbridge: limited(limits) });
const line = (target, more = "", version = "HTTP/1.1") =>
  `GET ${target} ${version}\r\nHost: localhost\r\n${more}\r\n`;
const next = line("/readyz"); // the request that an attacker would like to hide in another

const serves = async (broker) => assert.equal((await get(`${broker.httpUrl}/healthz`)).status, 200);

// The median of publish to subscribe while `attack` goes on, against the median before it.
async function mqttLatency(t, broker) {
  const { client, messages } = await mqttSubscriber(t, broker, "latency");
  const roundTrip = async () => {
    const begin = performance.now();
    await client.publishAsync("latency", "x");
    await until("the round trip", () => messages.shift());
    return performance.now() - begin;
  };
  const median = async (more) => {
    const times = [];
    while (times.length < 20 || more()) times.push(await roundTrip());
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
  };
  return {
    async staysNormalDuring(attack) {
      const before = await median(() => false);
      let going = true;
      const attacked = attack().finally(() => (going = false));
      const [during] = await Promise.all([median(() => going), attacked]);
      // The attacker shares this process and the machine with the broker, so this is generous; a
      // broker that waits for a browser would be off by a handshake_timeout.
      assert.ok(during < 20 * before, `${during} ms, ${before} ms before`);
    },
  };
}

test("slow headers end at the deadline, whoever else is served, and are counted", async (t) => {
  const broker = await start(t, 'handshake_timeout = "1s"');
  const latency = await mqttLatency(t, broker);

  await latency.staysNormalDuring(async () => {
    const slow = await Promise.all(Array.from({ length: 100 }, () => rawTalk(t, broker)));
    const bytes = line("/healthz", "X-Slow: aaaaaaaaaaaaaaaaaaaaaaaa\r\n");
    for (let sent = 0; !slow.every(({ ended }) => ended); ++sent) {
      for (const talk of slow) talk.send(bytes[sent % bytes.length]);
      await serves(broker);
      await new Promise((resolve) => setTimeout(resolve, 100)); // the pace of the attack
    }
  });

  assert.equal((await broker.status()).limits.handshake_timeout, 100);
});

test("a later request may not be slow either", async (t) => {
  const broker = await start(t);
  const talk = await rawTalk(t, broker);
  talk.send(line("/healthz"));
  await until("the first answer", () => talk.statuses().length === 1);

  const bytes = [...line("/healthz", `X-Slow: ${"a".repeat(1000)}\r\n`)];
  const trickle = setInterval(() => talk.send(bytes.shift()), 100);
  t.after(() => clearInterval(trickle));

  await talk.end();
  assert.deepEqual(talk.statuses(), [200]);
});

test("idle sockets take no more than their places, and newcomers are told when to come back", async (t) => {
  const broker = await start(t, 'connections = 300\nhandshake_timeout = "10s"');
  const latency = await mqttLatency(t, broker);

  await latency.staysNormalDuring(async () => {
    const idle = [];
    while (idle.length < 2000) {
      idle.push(...(await Promise.all(Array.from({ length: 100 }, () => rawTalk(t, broker)))));
    }
    await until("the first idle ones refused", () => idle.filter(({ ended }) => ended).length >= 1600);
    const refused = await until("an answer to a browser", () =>
      refusedUpgrade(`${broker.wsUrl}/ws`).catch(() => undefined));
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
    for (const { socket } of idle) socket.destroy();
  });

  const browser = await until("a free place", () => openBrowser(t, `${broker.wsUrl}/ws`).catch(() => undefined));
  assert.equal(browser.ws.readyState, browser.ws.OPEN);
  assert.ok((await broker.status()).limits.connections >= 1600);
});

test("what is no HTTP/1 is refused at once", async (t) => {
  const broker = await start(t);
  const noise = {
    "HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2.0": line("/healthz", "", "HTTP/2.0"),
    "HTTP/0.9": "GET /healthz\r\n\r\n",
    "PROXY v2": "\r\n\r\n\0\r\nQUIT\n!\x11\0\x0c\x01\x02\x03\x04\x05\x06\x07\x08\0\x01\0\x02",
    "TLS": "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    "MQTT": "\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0",
    "words": "GARBAGE\r\n\r\n",
    "bytes": "\x01\x02\x03\xff\xfe\r\n\r\n",
    "CONNECT": "CONNECT other:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TRACE": "TRACE /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "absolute form": line("http://other.example/healthz"),
  };
  for (const [name, bytes] of Object.entries(noise)) {
    const { statuses, text } = await exchange(t, broker, bytes);
    assert.ok(statuses.every((status) => status === 400 || status === 403), `${name}: ${text}`);
    for (const header of statuses.length > 0 ? ["Content-Security-Policy", "X-Content-Type-Options"] : []) {
      assert.match(text, new RegExp(`^${header}: `, "im"), name);
    }
  }
  await serves(broker);
});

test("a tunnel asked for on a connection in use is closed as well", async (t) => {
  const broker = await start(t);

  const { statuses } = await exchange(t, broker, `${line("/healthz")}CONNECT other:1 HTTP/1.1\r\nHost: localhost\r\n\r\n`);

  assert.deepEqual(statuses, [200]);
});

test("HTTP/1.0 and a PROXY line are answered as what follows them, and give no rights", async (t) => {
  const broker = await start(t);

  assert.deepEqual((await exchange(t, broker, line("/healthz", "", "HTTP/1.0"))).statuses, [200]);
  assert.deepEqual((await exchange(t, broker, "GET /api/status HTTP/1.0\r\n\r\n")).statuses, [403]);
  const proxied = `PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n${line("/healthz")}`;
  assert.deepEqual((await exchange(t, broker, proxied)).statuses, [200]);
});

test("no framing of a body hides a request in it", async (t) => {
  const broker = await start(t);
  const framings = [
    "Content-Length: 6\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 0",
    "Content-Length: 0\r\nContent-Length: 40",
    "Content-Length: 40\r\nContent-Length: 0",
    "Content-Length : 40",
    "Content-Length\t: 40",
    "Content-Length: +40",
    "Content-Length: -1",
    "Content-Length: 0x28",
    "Content-Length: 99999999999999999999999",
    "Content-Length: 00",
    "Transfer-Encoding:\tchunked",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "TRANSFER-ENCODING: CHUNKED",
    "Transfer-Encoding:",
    "Content-Length:\r\n 40\r\nX: y",
    "Transfer-Encoding:\r\n chunked\r\nX: y",
    " Content-Length: 40",
    "\tTransfer-Encoding: chunked",
  ];
  for (const framing of framings) {
    for (const method of ["GET", "POST"]) {
      const request = `${method} /healthz HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n${next}`;
      const { statuses } = await exchange(t, broker, request);
      assert.equal(statuses.length, 1, `${method} ${framing}: ${statuses}`);
      assert.ok([200, 400, 405].includes(statuses[0]), `${framing}: ${statuses}`);
    }
  }
});

test("with two lengths a body has none: what follows it is no request", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}[[http.route]]\npath = "/route"\nmethod = "POST"\npublish = "route"\n`,
  });
  for (const path of ["/api/publish", "/route", "/api/login"]) {
    for (const framing of [
      "Content-Length: 2\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nContent-Length: 2",
      "Content-Length: 2\r\nTransfer-Encoding: identity",
      "Content-Length: 2\r\nTransfer-Encoding:",
      "Content-Length: 2\r\nContent-Length: 2",
    ]) {
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${framing}`;
      const { statuses } = await exchange(t, broker, `${head}\r\n\r\n{}${next}`);
      assert.deepEqual(statuses, [411], `${path} ${framing}`);
    }
  }
});

test("line ends that proxies read in other ways end the connection or mean nothing", async (t) => {
  const broker = await start(t);
  const shapes = {
    "obs-fold": line("/healthz", "X: a\r\n b\r\n"),
    "obs-fold of Origin": line("/api/status", "Origin: http://localhost\r\n .evil\r\n"),
    "NUL in a header": line("/api/status", "Origin: http://localhost\0.evil\r\n"),
    "NUL in Host": "GET /api/status HTTP/1.1\r\nHost: localhost\0.evil\r\n\r\n",
    "encoded LF in the path": line("/healthz%0aX-Forwarded-For:1"),
    "encoded CRLF in the path": "GET /api/status%0d%0aHost:localhost HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "encoded LF in the query": line("/api/status?a=%0aHost:localhost"),
    "pseudo headers": line("/api/status", ":authority: localhost\r\n:path: /healthz\r\n"),
    "two Hosts": line("/api/status", "Host: evil.example\r\n"),
    "no Host": "GET /api/status HTTP/1.1\r\n\r\n",
  };
  for (const [name, bytes] of Object.entries(shapes)) {
    const { statuses } = await exchange(t, broker, bytes);
    assert.ok(statuses.length === 0 || [[400], [403]].some(([status]) => statuses.join() === `${status}`), `${name}: ${statuses}`);
  }
  // RFC 9112, 2.2 lets a bare LF end a line; no second request comes of it.
  for (const bytes of ["GET /healthz HTTP/1.1\nHost: localhost\n\n", line("/healthz", `X: a\n${next}`)]) {
    assert.deepEqual((await exchange(t, broker, bytes)).statuses, [200]);
  }
});

test("paths cannot climb out, in whatever spelling", async (t) => {
  const broker = await start(t);
  const targets = [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/..%5c..%5cetc", "/..\\..\\etc",
    "/%00/healthz", "/healthz%00.html", "/healthz\0", "/%zz", "/%c0%ae%c0%ae/etc/passwd", "/....//etc/passwd",
  ];
  for (const target of targets) {
    const { statuses, text } = await exchange(t, broker, line(target, "Connection: close\r\n"));
    assert.ok(statuses.every((status) => [400, 403, 404].includes(status)), `${target}: ${statuses}`);
    assert.doesNotMatch(text, /root:/);
  }
});

test("what is too large is not read to its end: URL, header, header name, number of headers", async (t) => {
  const broker = await start(t);
  const large = "a".repeat(40_000);
  const requests = [
    line(`/${large}`),
    line(`/healthz?${large}`),
    line("/healthz", `X: ${large}\r\n`),
    line("/healthz", `${large}: x\r\n`),
    line("/healthz", "A: b\r\n".repeat(8000)),
  ];
  for (const request of requests) {
    assert.deepEqual((await exchange(t, broker, request)).statuses, [], request.slice(0, 40));
  }
  assert.equal((await broker.status()).limits.header, requests.length);
});

test("an origin that is not exactly right is refused, before and without an upgrade", async (t) => {
  const own = [
    "null", "http://localhost.", "http://localhost.evil.example", "http://evil-localhost", "http://evil.example",
    "http://localhost@evil.example", "http://evil.example:8080", "localhost", "http://", "file://",
    `http://${"a".repeat(10_240)}`, `http://localhost${" ".repeat(10_240)}.evil.example`,
    "http://localhost, http://localhost", "http://localhost\r\nOrigin: http://localhost",
    "http://evil.example\r\nOrigin: http://localhost", "http://localhost\r\nOrigin: http://evil.example",
  ];
  const listed = [
    "https://panel.example.", "https://panel.example:8443", "http://panel.example", "https://panel.example.evil",
    "https://evil-panel.example", "https://panel.example/", "https://user@panel.example", "null", "*",
    "http://localhost", "https://panel.example\r\nOrigin: https://panel.example",
  ];
  const anyHost = await start(t);
  const oneOrigin = await startBroker(t, { rtbridge: `${head}origins = ["https://panel.example"]\n${batteryRule}` });
  const websocket = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";

  for (const [broker, origins] of [[anyHost, own], [oneOrigin, listed]]) {
    for (const origin of origins) {
      for (const [path, more] of [["/ws", websocket], ["/api/status", "Connection: close\r\n"]]) {
        const talk = await rawTalk(t, broker);
        talk.send(line(path, `${more}Origin: ${origin}\r\n`));
        await until(`an answer to ${origin}`, () => talk.statuses().length > 0);
        assert.deepEqual(talk.statuses(), [403], origin.slice(0, 100));
        assert.doesNotMatch(talk.text, /Access-Control-Allow-Origin/i);
      }
    }
  }
  const right = [[anyHost, "http://LOCALHOST:3000"], [oneOrigin, "https://Panel.example"], [oneOrigin, "https://panel.example:443"]];
  for (const [broker, origin] of right) await openBrowser(t, `${broker.wsUrl.replace("127.0.0.1", "localhost")}/ws`, { origin });
});

test("frames that break the protocol close their session, and only that one", async (t) => {
  const broker = await start(t, 'frame = "4KiB"');
  const device = await mqttClient(t, broker);
  const bystander = await openBrowser(t, `${broker.wsUrl}/ws`);
  const attacks = {
    "reserved bit 1": [frame({ rsv: 4, payload: "x" }), 1002],
    "reserved bit 3": [frame({ rsv: 1, payload: "x" }), 1002],
    "reserved opcode 3": [frame({ opcode: 3, payload: "x" }), 1002],
    "reserved opcode 11": [frame({ opcode: 11, payload: "x" }), 1002],
    "continuation of nothing": [frame({ opcode: 0, payload: "x" }), 1002],
    "message inside a message": [frame({ fin: false, payload: "x" }) + frame({ payload: "y" }), 1002],
    "ping in fragments": [frame({ opcode: 9, fin: false, payload: "x" }), 1002],
    "ping beyond 125 bytes": [frame({ opcode: 9, payload: "x".repeat(126) }), undefined],
    "length beyond 2^63": [frame({ length: (1n << 63n) + 5n, form: 64, payload: "x" }), undefined],
    "text that is no UTF-8": [frame({ payload: "\xff\xfe" }), 1007],
    "HTTP": [next, 1002],
    "length beyond limits.frame": [frame({ length: 1n << 62n, payload: "x".repeat(200) }), 1009],
    "large frame": [frame({ payload: "x".repeat(5000) }), 1009],
    "large message in fragments": [frame({ fin: false, payload: "x" }) + frame({ fin: false, opcode: 0, payload: "x" }).repeat(5000), 1009],
    "three unmasked frames": [frame({ mask: false, payload: "x" }).repeat(3), 1008],
  };
  for (const [name, [bytes, code]] of Object.entries(attacks)) {
    const ws = await rawWebSocket(t, broker);
    ws.send(bytes);
    await until(`the end of "${name}"`, () => ws.ended || ws.closeCode() !== undefined);
    assert.equal(ws.closeCode(), code, name);
    ws.socket.destroy();
  }

  await device.publishAsync("battery/topic", battery("u", 5));
  assert.equal((await bystander.next()).state, "Charging");
  const { limits } = await broker.status();
  assert.equal(limits.frame, 3);
  assert.equal(limits.bad_requests, Object.keys(attacks).length - limits.frame);
});

test("after a close for a broken protocol nothing more is sent, and the session is let go", async (t) => {
  const broker = await start(t, 'ping_interval = "1s"');
  const ws = await rawWebSocket(t, broker);
  const device = await mqttClient(t, broker);

  ws.send(frame({ rsv: 4, payload: "x" }));
  await until("the close frame", () => ws.closeCode() === 1002);
  await device.publishAsync("battery/topic", battery("u", 5));

  await ws.end(); // without an answer to the close
  assert.equal(ws.frames().at(-1).opcode, 8);
  await until("its session to be gone", async () => (await broker.status()).sessions.total === 0);
  assert.equal((await broker.status()).limits.bad_requests, 1);
});

test("close frames of any kind are answered and end the session", async (t) => {
  const broker = await start(t);
  for (const payload of ["", "\x03", "\x03\xe8", "\x03\xed", "\x27\x0f", "\x03\xe8\xff\xfe", `\x03\xe8${"x".repeat(123)}`]) {
    const ws = await rawWebSocket(t, broker);
    ws.send(frame({ opcode: 8, payload }));
    await ws.end();
  }
  await until("no session", async () => (await broker.status()).sessions.total === 0);
});

test("floods of pings, pongs and tiny fragments cost neither MQTT nor memory", async (t) => {
  const broker = await start(t, 'ping_interval = "2s"');
  const latency = await mqttLatency(t, broker);
  const floods = [
    frame({ opcode: 9, payload: "x".repeat(125) }).repeat(2000),
    frame({ opcode: 10, payload: "x".repeat(125) }).repeat(2000),
    frame({ fin: false, payload: "" }) + frame({ fin: false, opcode: 0, payload: "" }).repeat(40_000),
  ];
  const before = broker.rssBytes;

  await latency.staysNormalDuring(async () => {
    for (const flood of floods) {
      const sockets = await Promise.all(Array.from({ length: 10 }, () => rawWebSocket(t, broker)));
      for (const ws of sockets) ws.send(flood);
      await serves(broker);
      await until("the floods to be read", () => sockets.every(({ socket }) => socket.writableLength === 0));
      for (const { socket } of sockets) socket.destroy();
    }
  });

  assert.ok(broker.rssBytes - before < 32 * 1024 * 1024, `${before} -> ${broker.rssBytes} bytes`);
});

test("half a frame holds nothing but its session, which the ping ends", async (t) => {
  const broker = await start(t, 'ping_interval = "1s"');
  const halves = [frame({ payload: "x".repeat(100) }).slice(0, 20), frame({ payload: "x" }).slice(0, 1)];

  for (const half of halves) {
    const ws = await rawWebSocket(t, broker);
    ws.send(half);
    await ws.end();
    assert.equal(ws.closeCode(), 4201);
  }

  assert.equal((await broker.status()).limits.ping_interval, halves.length);
});

test("many requests in one packet are answered in order, one by one", async (t) => {
  const broker = await start(t);
  const talk = await rawTalk(t, broker);

  talk.send(line("/healthz").repeat(50) + line("/nowhere"));
  await until("all answers", () => talk.statuses().length === 51);

  assert.deepEqual(talk.statuses(), [...Array(50).fill(200), 404]);
});
