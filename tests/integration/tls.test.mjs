// The listener with a certificate: what it demands, what it shows, and that everything else is as
// without one.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import * as path from "node:path";
import { test } from "node:test";
import * as tls from "node:tls";
import { certificateFiles, makeCertificate } from "./certificate.mjs";
import {
  battery,
  batteryRule,
  get,
  head,
  mqttClient,
  openBrowser,
  rawConnection,
  refusedStart,
  refusedUpgrade,
  startBroker,
  until,
  within,
} from "./harness.mjs";

const first = makeCertificate("first");
const second = makeCertificate("second");
// Built beside the plugin.
const rtbridgectl = path.join(path.dirname(process.env.RTBRIDGE_SO ?? ""), "../src/ctl/rtbridgectl");
const tlsHead = `${head}tls = { cert = "cert.pem", key = "key.pem" }\n`;
const tlsConfig = `${tlsHead}${batteryRule}`;

const startTls = (t, options = {}) =>
  startBroker(t, { rtbridge: tlsConfig, files: certificateFiles(first), ...options });

// An open TLS connection, or the rejection that ended its handshake.
async function handshake(t, broker, options = {}) {
  const { hostname, port } = new URL(broker.httpUrl);
  const socket = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options });
  t.after(() => socket.destroy());
  await within("TLS handshake", once(socket, "secureConnect"));
  socket.on("error", () => {}); // shows as a close
  return socket;
}

const subjectShown = async (t, broker) => (await handshake(t, broker)).getPeerCertificate().subject.CN;

const closed = (socket) => within("close", new Promise((resolve) => socket.once("close", resolve)));

test("a browser gets its updates over wss, and the status says until when", async (t) => {
  const broker = await startTls(t);
  const device = await mqttClient(t, broker);

  assert.match(broker.wsUrl, /^wss:/);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?userId=u`, { ca: first.cert });
  await device.publishAsync("battery/topic", battery("u", 5));

  assert.equal((await browser.next()).state, "Charging");
  const { tls: shown } = await broker.status();
  assert.equal(shown.subject, "CN=first");
  assert.ok(shown.days === 89 || shown.days === 90, `${shown.days}`);
  assert.equal(Math.floor((shown.expires - Date.now()) / 86_400_000), shown.days);
});

test("without TLS the status says so", async (t) => {
  assert.equal((await (await startBroker(t)).status()).tls, null);
});

test("refusals before the upgrade arrive over TLS too", async (t) => {
  const broker = await startTls(t);

  const refusal = await refusedUpgrade(`${broker.wsUrl}/ws?nope=1`, { ca: first.cert });

  assert.equal(refusal.status, 400);
});

test("only TLS 1.2 and 1.3 are spoken, with ciphers of today and HTTP/1.1 above", async (t) => {
  const broker = await startTls(t);

  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const socket = await handshake(t, broker, {
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    assert.equal(socket.getProtocol(), version);
    assert.equal(socket.alpnProtocol, "http/1.1");
  }
  const refused = [
    { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" },
    { maxVersion: "TLSv1.2", ciphers: "AES128-SHA" },
    { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA" },
    { ALPNProtocols: ["h2"] },
    { ALPNProtocols: ["mqtt"] },
  ];
  for (const options of refused) {
    await assert.rejects(handshake(t, broker, options), JSON.stringify(options));
  }
  assert.equal((await get(`${broker.httpUrl}/healthz`)).status, 200);
});

test("plain HTTP and noise on the TLS port end in a close, and nothing is answered in clear", async (t) => {
  const broker = await startTls(t, { rtbridge: `${tlsHead}[limits]\nconnections = 4\n${batteryRule}` });
  const noise = ["GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "\0\0\0\0\0\0\0\0", "\x16\x03\x01\xff\xff"];

  for (const bytes of [...noise, ...noise, ...noise]) {
    const socket = await rawConnection(t, broker);
    let answer = "";
    socket.on("data", (data) => (answer += data.toString("latin1")));
    socket.end(bytes, "latin1");
    await closed(socket);
    assert.doesNotMatch(answer, /HTTP/);
  }
  assert.equal((await broker.status()).limits.connections, 0); // they gave their places back
});

test("whoever stops in the handshake, or after it, is closed in time and counted", async (t) => {
  const broker = await startTls(t, {
    rtbridge: `${tlsHead}[limits]\nhandshake_timeout = "500ms"\n${batteryRule}`,
  });
  const hello = Buffer.from("16030100c8010000c40303", "hex"); // the beginning of a ClientHello

  const silent = await rawConnection(t, broker);
  const halfway = await rawConnection(t, broker);
  halfway.write(hello);
  const noRequest = await handshake(t, broker);
  const halfRequest = await handshake(t, broker);
  halfRequest.write("GET /healthz HTTP/1.1\r\nHost:");
  await Promise.all([silent, halfway, noRequest, halfRequest].map(closed));

  assert.equal((await broker.status()).limits.handshake_timeout, 4);
});

test("a reload shows the new certificate to newcomers and disturbs nobody", async (t) => {
  const broker = await startTls(t);
  const device = await mqttClient(t, broker);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`, { ca: first.cert });
  assert.equal(await subjectShown(t, broker), "first");

  broker.write("cert.pem", second.cert);
  broker.write("key.pem", second.key);
  const status = await broker.reload();

  assert.equal(status.tls.subject, "CN=second");
  assert.deepEqual(status.restart_required, []);
  assert.equal(await subjectShown(t, broker), "second");
  await device.publishAsync("battery/topic", battery("u", 5));
  assert.equal((await browser.next()).state, "Charging");
});

test("a reload with a broken pair changes nothing and says where the mistake is", async (t) => {
  const broker = await startTls(t);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`, { ca: first.cert });

  broker.write("key.pem", second.key);
  const status = await broker.reload();

  assert.equal(status.reload.ok, false);
  assert.match(status.reload.error, /rtbridge\.toml:4:\d+: error: the key in .* does not belong/);
  assert.equal(status.tls.subject, "CN=first");
  assert.equal(await subjectShown(t, broker), "first");
  assert.equal(browser.ws.readyState, browser.ws.OPEN);
});

test("TLS goes on and off at a restart, which is said", async (t) => {
  const [encrypted, plain] = [await startTls(t), await startBroker(t, { files: certificateFiles(first) })];

  const switchedOff = await encrypted.reload(`${head}${batteryRule}`);
  const switchedOn = await plain.reload(tlsConfig);

  assert.deepEqual(switchedOff.restart_required, ["listener.tls"]);
  assert.equal(switchedOff.tls.subject, "CN=first");
  assert.equal(await subjectShown(t, encrypted), "first");
  assert.deepEqual(switchedOn.restart_required, ["listener.tls"]);
  assert.equal(switchedOn.tls, null);
  assert.match(plain.log(), /the change of listener\.tls takes effect when the broker is restarted/);
});

test("a certificate that cannot be used refuses the start, at its place in the file", async (t) => {
  const cases = [
    [{ "cert.pem": first.cert }, /rtbridge\.toml:4:\d+: error: cannot read key/],
    [{ "cert.pem": first.cert, "key.pem": second.key }, /does not belong to the certificate/],
    [{ "cert.pem": "", "key.pem": first.key }, /holds no certificate/],
  ];
  for (const [files, reason] of cases) {
    assert.match((await refusedStart(t, { rtbridge: tlsConfig, files })).log, reason);
  }
});

test("a certificate about to expire is a warning at every load", async (t) => {
  const broker = await startTls(t, { files: certificateFiles(makeCertificate("late", 10)) });

  assert.match(broker.log(), /rtbridge\.toml:4:\d+: warning: the certificate in .* expires on \d{4}-/);
  assert.equal((await broker.status()).tls.subject, "CN=late");
});

test("200 browsers get every byte of large payloads, the slow one among them too", async (t) => {
  const broker = await startTls(t, {
    rtbridge: `${tlsHead}[limits]\nqueue = { soft = "64MiB", hard = "64MiB" }\n${batteryRule}`,
  });
  const device = await mqttClient(t, broker);
  const open = () => openBrowser(t, `${broker.wsUrl}/ws`, { ca: first.cert });
  const slow = await open();
  slow.ws.pause();
  const browsers = [];
  while (browsers.length < 199) browsers.push(...(await Promise.all(Array.from({ length: 20 }, open))).slice(0, 199 - browsers.length));
  const payloads = [1, 2, 3, 4, 5].map((n) => battery("u", n, { text: `${n}`.repeat(100_000) }));

  for (const payload of payloads) await device.publishAsync("battery/topic", payload);
  const texts = (browser) => browser.frames.map((frame) => JSON.parse(frame).text);
  const expected = payloads.map((payload) => JSON.parse(payload).text);
  for (const browser of browsers) {
    await until("all payloads", () => browser.frames.length === payloads.length, 60_000);
    assert.deepEqual(texts(browser), expected);
  }
  slow.ws.resume();

  await until("what the slow one missed", () => slow.frames.length === payloads.length);
  assert.deepEqual(texts(slow), expected);
});

test("rtbridgectl doctor asks over https too, and believes only whom it is told to trust", async (t) => {
  const broker = await startTls(t);
  const url = broker.httpUrl;
  const doctor = (...args) => spawnSync(rtbridgectl, ["doctor", "--ready", ...args], { encoding: "utf8" });

  const trusting = doctor(url, "--ca", broker.path("cert.pem"));
  const stranger = doctor(url);
  const wrongName = doctor(url.replace("127.0.0.1", "0.0.0.0"), "--ca", broker.path("cert.pem"));
  const inClear = doctor(url.replace("https", "http"));

  assert.equal(trusting.stdout, "ready\n");
  assert.equal(trusting.status, 0);
  for (const { status, stdout } of [stranger, wrongName, inClear]) {
    assert.equal(status, 1);
    assert.match(stdout, /^not ready: /);
  }
  assert.match(stranger.stdout, /self-signed/);
  assert.match(wrongName.stdout, /mismatch/);
});

test("a header nearly as long as its limit is read to its end, first and later requests alike", async (t) => {
  const broker = await startTls(t);
  const socket = await handshake(t, broker);
  let text = "";
  socket.on("data", (chunk) => (text += chunk));

  // One record of TLS, of which the server's first read gets all or only a part.
  for (const answers of [1, 2]) {
    socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${"a".repeat(15_000)}\r\n\r\n`);
    await until("answer", () => text.split('{"status":"alive"}').length > answers);
  }

  assert.equal((await broker.status()).limits.handshake_timeout, 0);
});

test("a large frame from a browser is read to its end", async (t) => {
  const broker = await startTls(t);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`, { ca: first.cert });

  browser.ws.send("x".repeat(60_000));

  assert.equal((await browser.next()).err.code, "bad_request");
});
