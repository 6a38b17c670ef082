// What one TCP connection may carry: requests in a row, upgrades, bodies, and what a proxy leaves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { get, rawConnection, startBroker, until } from "./harness.mjs";

// Sends text over one connection and collects what comes back.
async function talk(t, broker) {
  const socket = await rawConnection(t, broker);
  let text = "";
  let ended = false;
  socket.on("data", (bytes) => (text += bytes));
  socket.on("close", () => (ended = true));
  socket.on("error", () => {}); // a reset is as good as a close
  return {
    send: (request) => socket.write(request),
    answers: () => text.match(/HTTP\/1\.1 \d+/g)?.map((line) => Number(line.slice(9))) ?? [],
    text: () => text,
    ended: () => ended,
  };
}

const line = (method, path, more = "") => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

test("requests in a row, also sent at once, are answered over one connection", async (t) => {
  const broker = await startBroker(t);
  const connection = await talk(t, broker);

  connection.send(line("GET", "/healthz"));
  await until("the first answer", () => connection.answers().length === 1);
  connection.send(line("GET", "/readyz") + line("GET", "/nowhere") + line("GET", "/websocket/status"));
  await until("three more answers", () => connection.answers().length === 4);

  assert.deepEqual(connection.answers(), [200, 200, 404, 200]);
  assert.equal(connection.ended(), false);
  assert.equal((await broker.status()).limits.handshake_timeout, 0);
});

test("the answer to HEAD has no body, so the next answer is where it should be", async (t) => {
  const broker = await startBroker(t);
  const connection = await talk(t, broker);

  connection.send(line("HEAD", "/api/status") + line("GET", "/healthz"));
  await until("both answers", () => connection.answers().length === 2);

  const [head] = connection.text().split("\r\n\r\n");
  assert.match(head, /Content-Length: [1-9]/);
  assert.match(connection.text().split("\r\n\r\n")[1], /^HTTP\/1\.1 200/);
});

test("a request with a body is answered and ends the connection: what it carries is no request", async (t) => {
  const broker = await startBroker(t);
  const smuggled = line("GET", "/healthz");

  for (const framing of [`Content-Length: ${smuggled.length}`, "Transfer-Encoding: chunked"]) {
    const connection = await talk(t, broker);
    connection.send(line("POST", "/api/status", `${framing}\r\n`) + smuggled);
    await until("the end of the connection", connection.ended);
    assert.deepEqual(connection.answers(), [405], framing);
  }
});

test("an offer of HTTP/2 is ignored, not hung up on", async (t) => {
  const broker = await startBroker(t);
  const connection = await talk(t, broker);

  connection.send(
    line("GET", "/healthz", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
  );
  await until("an answer", () => connection.answers().length === 1);

  assert.deepEqual(connection.answers(), [200]);
});

test("an unknown upgrade is refused, also as a later request, and the broker goes on", async (t) => {
  const broker = await startBroker(t);
  const connection = await talk(t, broker);

  connection.send(line("GET", "/healthz"));
  await until("the first answer", () => connection.answers().length === 1);
  connection.send(line("GET", "/x", "Connection: Upgrade\r\nUpgrade: foo\r\n"));
  await until("the end of the connection", connection.ended);

  assert.equal((await get(`${broker.httpUrl}/healthz`)).status, 200);
});

test("a WebSocket that offers a subprotocol or another version is told what is spoken", async (t) => {
  const broker = await startBroker(t);

  const upgrade = (headers) =>
    line("GET", "/ws", `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`);

  const offered = await talk(t, broker);
  offered.send(upgrade("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: json"));
  await until("an answer", () => offered.answers().length === 1);
  assert.deepEqual(offered.answers(), [400]);
  assert.match(offered.text(), /subprotocol/);

  const old = await talk(t, broker);
  old.send(upgrade("Sec-WebSocket-Version: 8"));
  await until("an answer", () => old.answers().length === 1);
  assert.deepEqual(old.answers(), [426]);
  assert.match(old.text(), /Sec-WebSocket-Version: 13/);
});

test("behind a proxy a request is not from this machine, whatever the proxy calls itself", async (t) => {
  const broker = await startBroker(t);

  for (const name of ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via", "X-Forwarded-Host",
    "X-Forwarded-Proto", "X-Forwarded-Port", "CF-Connecting-IP", "True-Client-IP"]) {
    const { status } = await get(`${broker.httpUrl}/api/status`, { [name]: "203.0.113.9" });
    assert.equal(status, 403, name);
  }
  assert.equal((await get(`${broker.httpUrl}/healthz`, { "X-Real-IP": "203.0.113.9" })).status, 200);
});

test("a connection that sends nothing more is let go", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: 'version = 1\n[listener]\nbind = "127.0.0.1:0"\n[limits]\nhandshake_timeout = "1s"\n',
  });
  const connection = await talk(t, broker);

  connection.send(line("GET", "/healthz"));
  await until("the first answer", () => connection.answers().length === 1);

  await until("the end of the connection", connection.ended);
});
