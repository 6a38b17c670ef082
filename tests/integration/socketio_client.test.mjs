// The real socket.io-client, unchanged, with each set of transports.

import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { sleep, startServer } from "./conformance.mjs";
import { until, within } from "./harness.mjs";

const ways = {
  "default transports": {},
  "polling only": { transports: ["polling"] },
  "WebSocket only": { transports: ["websocket"] },
};

function client(t, server, options = {}, name = "/") {
  const socket = io(server.url + name, { forceNew: true, reconnection: false, ...options });
  t.after(() => socket.disconnect());
  return socket;
}
const connected = (socket) => within("connect", new Promise((resolve, reject) => {
  socket.on("connect", resolve);
  socket.on("connect_error", reject);
}));
const event = (socket, name) => within(name, new Promise((resolve) => socket.once(name, (...args) => resolve(args))));

for (const [way, options] of Object.entries(ways)) {
  test(`${way}: connects with auth, sends, gets and acknowledges`, async (t) => {
    const server = await startServer(t);
    const socket = client(t, server, { ...options, auth: { token: "abc" } });
    const auth = event(socket, "auth");
    await connected(socket);
    assert.deepEqual(await auth, [{ token: "abc" }]);

    const back = event(socket, "message-back");
    socket.emit("message", 1, "two", { three: [null, true, "é"] });
    assert.deepEqual(await back, [1, "two", { three: [null, true, "é"] }]);
    assert.deepEqual(await socket.timeout(2000).emitWithAck("message-with-ack", "x"), "x");
    await assert.rejects(socket.timeout(100).emitWithAck("message", "nobody answers this one"));
  });

  test(`${way}: binary there and back, also in acknowledgements`, async (t) => {
    const server = await startServer(t);
    const socket = client(t, server, options);
    await connected(socket);
    const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 256));
    const back = event(socket, "message-back");
    socket.emit("message", { a: bytes, b: [Buffer.from("x")] }, "text");
    const [{ a, b }, text] = await back;
    assert.deepEqual([Buffer.from(a), b.map(String), text], [bytes, ["x"], "text"]);
    const ack = await socket.timeout(2000).emitWithAck("message-with-ack", bytes);
    assert.deepEqual(Buffer.from(ack), bytes);
  });

  test(`${way}: order is kept, through an upgrade too`, async (t) => {
    const server = await startServer(t, { "requests-per-second": 100_000 });
    const socket = client(t, server, options);
    const got = [];
    socket.on("message-back", (n) => got.push(n));
    await connected(socket);
    for (let n = 0; n < 500; ++n) {
      socket.emit("message", n);
      if (n % 50 === 0) await sleep(5);
    }
    await until("500 answers", () => got.length === 500);
    assert.deepEqual(got, Array.from({ length: 500 }, (_, n) => n));
  });

  test(`${way}: stays for many heartbeats, and hears of the server's end`, async (t) => {
    let stop;
    const server = await startServer({ after: (end) => (stop = end) });
    const socket = client(t, server, options);
    const gone = event(socket, "disconnect");
    await connected(socket);
    await sleep(2000);
    assert.equal(socket.connected, true);
    await stop();
    assert.match((await gone)[0], /^transport (close|error)$/);
  });

  test(`${way}: namespaces, allowed and not`, async (t) => {
    const server = await startServer(t);
    const custom = client(t, server, options, "/custom");
    await connected(custom);
    assert.equal(await custom.timeout(2000).emitWithAck("message-with-ack", 7), 7);
    const random = client(t, server, options, "/random");
    await assert.rejects(connected(random), /Invalid namespace/);
  });
}

test("the default transports end in a WebSocket", async (t) => {
  const server = await startServer(t);
  const socket = client(t, server);
  await connected(socket);
  await until("the upgrade", () => socket.io.engine.transport.name === "websocket");
  assert.equal(await socket.timeout(2000).emitWithAck("message-with-ack", 1), 1);
});

test("several namespaces share one connection", async (t) => {
  const server = await startServer(t);
  const root = io(server.url, { reconnection: false, forceNew: true });
  t.after(() => root.disconnect());
  await connected(root);
  const custom = root.io.socket("/custom");
  await connected(custom);
  assert.equal(custom.io.engine.id, root.io.engine.id);
  root.disconnect();
  assert.equal(await custom.timeout(2000).emitWithAck("message-with-ack", 1), 1);
  custom.disconnect();
});

test("a client that was cut off comes back by itself", async (t) => {
  const server = await startServer(t);
  const socket = client(t, server, { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 });
  await connected(socket);
  for (let i = 0; i < 3; ++i) {
    const id = socket.id;
    const again = event(socket, "connect");
    socket.io.engine.close();
    await again;
    assert.notEqual(socket.id, id);
    assert.equal(await socket.timeout(2000).emitWithAck("message-with-ack", i), i);
  }
  socket.emit("leave-me");
  assert.deepEqual((await event(socket, "disconnect"))[0], "io server disconnect");
});

test("several threads: clients with any transports, at once", async (t) => {
  const server = await startServer(t, { threads: 4, "ping-interval": 10_000 });
  const sockets = Object.values(ways).flatMap((options) => Array.from({ length: 20 }, () => client(t, server, options)));
  await Promise.all(sockets.map(connected));
  const answers = await Promise.all(sockets.map((socket, n) => socket.timeout(5000).emitWithAck("message-with-ack", n)));
  assert.deepEqual(answers, sockets.map((_, n) => n));
});

for (const threads of [1, 4]) test(`1,000 clients upgrade at once, ${threads} thread(s)`, async (t) => {
  const server = await startServer(t, { threads, "ping-interval": 10_000, "ping-timeout": 10_000, "connect-timeout": 20_000 });
  const sockets = Array.from({ length: 1000 }, () => client(t, server, { timeout: 30_000 }));
  await Promise.all(sockets.map((socket) => new Promise((resolve, reject) => {
    socket.on("connect", resolve);
    socket.on("connect_error", reject);
    socket.on("disconnect", (reason) => reject(new Error(reason)));
  })));
  await until("1,000 upgrades", () => sockets.every((socket) => socket.io.engine.transport.name === "websocket"), 60_000);
  const answers = await Promise.all(sockets.map((socket, n) => socket.timeout(20_000).emitWithAck("message-with-ack", n)));
  assert.deepEqual(answers, sockets.map((_, n) => n));
});
