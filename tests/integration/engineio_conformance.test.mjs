// Engine.IO 4 as seen from outside, line by line: raw HTTP and bare WebSockets against the code
// that runs in the broker. Heartbeats of 300/200 ms.

import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { engineSocket, openPolling, openSocket, refusedSocket, request, separator, sleep, startServer } from "./conformance.mjs";
import { until, within } from "./harness.mjs";

const polling = "/engine.io/?EIO=4&transport=polling";
const error = (code, message) => ({ code, message });

test("the path ends in a slash", async (t) => {
  const server = await startServer(t);
  assert.equal((await request(server, "GET", "/engine.io?EIO=4&transport=polling")).status, 404);
  assert.equal((await request(server, "GET", "/engine.io/x?EIO=4&transport=polling")).status, 404);
});

test("handshakes answer exactly five keys, whatever else is in the query", async (t) => {
  const server = await startServer(t);
  const answer = await request(server, "GET", `${polling}&t=abc&userId=u-1&userId=u-2`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-type"], "text/plain; charset=UTF-8");
  assert.equal(answer.headers["cache-control"], "no-store");
  assert.equal(Number(answer.headers["content-length"]), answer.body.length);
  assert.equal(answer.body[0], "0");
  const open = JSON.parse(answer.body.slice(1));
  assert.deepEqual(Object.keys(open).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
  assert.match(open.sid, /^[\w-]{20,}$/);
  assert.deepEqual(open.upgrades, ["websocket"]);
  assert.deepEqual([open.pingInterval, open.pingTimeout, open.maxPayload], [300, 200, 1_000_000]);

  const socket = await engineSocket(server);
  const over = JSON.parse((await socket.next()).slice(1));
  assert.deepEqual(Object.keys(over).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
  assert.deepEqual(over.upgrades, []);
  assert.notEqual(over.sid, open.sid);
});

test("refusals carry a code, as JSON", async (t) => {
  const server = await startServer(t);
  const { target } = await openPolling(server);
  const cases = [
    ["GET", "/engine.io/?EIO=4", 400, error(0, "Transport unknown")],
    ["GET", "/engine.io/?EIO=4&transport=abc", 400, error(0, "Transport unknown")],
    ["GET", `${polling}&sid=unknown`, 400, error(1, "Session ID unknown")],
    ["POST", `${polling}&sid=unknown`, 400, error(1, "Session ID unknown")],
    ["POST", polling, 400, error(2, "Bad handshake method")],
    ["PUT", polling, 400, error(2, "Bad handshake method")],
    ["GET", "/engine.io/?EIO=4&transport=websocket", 400, error(3, "Bad request")],
    ["GET", "/engine.io/?transport=polling", 400, error(5, "Unsupported protocol version")],
    ["GET", "/engine.io/?EIO=3&transport=polling", 400, error(5, "Unsupported protocol version")],
    ["GET", "/engine.io/?EIO=abc&transport=polling", 400, error(5, "Unsupported protocol version")],
    ["PUT", target, 405, error(3, "only GET and POST")],
    ["DELETE", target, 405, error(3, "only GET and POST")],
  ];
  for (const [method, where, status, body] of cases) {
    const answer = await request(server, method, where, method === "POST" ? { body: "4a" } : {});
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [status, body], `${method} ${where}`);
    assert.equal(answer.headers["content-type"], "application/json");
  }
});

test("upgrades are refused before the handshake", async (t) => {
  const server = await startServer(t);
  const cases = [
    ["/engine.io/?EIO=4", 0], ["/engine.io/?EIO=4&transport=abc", 0],
    ["/engine.io/?transport=websocket", 5], ["/engine.io/?EIO=abc&transport=websocket", 5],
    ["/engine.io/?EIO=3&transport=websocket", 5], ["/engine.io/?EIO=4&transport=polling", 3],
    ["/engine.io/?EIO=4&transport=websocket&sid=unknown", 1],
  ];
  for (const [target, code] of cases) {
    const { status, body } = await refusedSocket(server, target);
    assert.deepEqual([status, JSON.parse(body).code], [400, code], target);
  }
});

test("origins: reflected where they are allowed, on errors too; refused with 403 where not", async (t) => {
  const server = await startServer(t, { origin: ["https://a.example"] });
  const good = { Origin: "https://a.example" };
  for (const target of [polling, "/engine.io/?EIO=4"]) {
    const { headers } = await request(server, "GET", target, { headers: good });
    assert.equal(headers["access-control-allow-origin"], "https://a.example");
    assert.equal(headers["access-control-allow-credentials"], "true");
    assert.equal(headers.vary, "Origin");
  }
  const plain = await request(server, "GET", polling);
  assert.equal(plain.headers["access-control-allow-origin"], undefined);

  const refused = await request(server, "GET", polling, { headers: { Origin: "https://b.example" } });
  assert.equal(refused.status, 403);
  assert.equal(JSON.parse(refused.body).code, 4);
  assert.equal(refused.headers["access-control-allow-origin"], undefined);
  const target = "/engine.io/?EIO=4&transport=websocket";
  assert.equal((await refusedSocket(server, target, { origin: "https://b.example" })).status, 403);
  await openSocket(server, target, { origin: "https://a.example" });

  const preflight = await request(server, "OPTIONS", polling, {
    headers: { ...good, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-one, x-two" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers["access-control-allow-origin"], "https://a.example");
  assert.equal(preflight.headers["access-control-allow-methods"], "GET, POST");
  assert.equal(preflight.headers["access-control-allow-headers"], "x-one, x-two");
  assert.equal(preflight.headers["content-length"], "0");

  const waiting = await openPolling(server);
  const late = waiting.get({ headers: good });  // answered by the ping
  assert.equal((await late).headers["access-control-allow-origin"], "https://a.example");
});

test("a pending GET with its answer to another origin has its headers", async (t) => {
  const server = await startServer(t, { origin: ["*"] });
  const { get } = await openPolling(server);
  const answer = await get({ headers: { Origin: "https://any.example" } });
  assert.equal(answer.body, "2");
  assert.equal(answer.headers["access-control-allow-origin"], "https://any.example");
  assert.equal(answer.headers["access-control-allow-credentials"], undefined);
});

test("polling carries text and binary, several packets joined", async (t) => {
  const server = await startServer(t);
  const { get, post } = await openPolling(server);
  const posted = await post("4hello");
  assert.deepEqual([posted.status, posted.body, posted.headers["content-type"]], [200, "ok", "text/html"]);
  assert.equal((await get()).body, "4hello");
  await post(`4test1${separator}4test2${separator}4tést3`);
  const answer = await get();
  assert.equal(answer.body, `4test1${separator}4test2${separator}4tést3`);
  assert.equal(Number(answer.headers["content-length"]), Buffer.byteLength(answer.body));
  await post("bAQIDBA==");
  assert.equal((await get()).body, "bAQIDBA==");
});

test("a GET waits for what comes", async (t) => {
  const server = await startServer(t);
  const { get, post } = await openPolling(server);
  const waiting = get();
  await sleep(50);
  await post(`4a${separator}4b`);
  assert.equal((await waiting).body, `4a${separator}4b`);
});

test("a client that wants the connection closed is told that it is", async (t) => {
  const server = await startServer(t);
  const { target, post } = await openPolling(server);
  for (const wants of ["close", "Foo, Close"]) {
    const answer = await request(server, "GET", polling, { headers: { Connection: wants } });
    assert.equal(answer.headers.connection, "close");
  }
  const late = request(server, "GET", target, { headers: { Connection: "close" } });
  await sleep(20);
  const large = "x".repeat(900_000);  // more than goes out at once
  await post(`4${large}`);
  assert.equal((await late).body.length, large.length + 1);
  assert.equal((await late).headers.connection, "close");
  const kept = await request(server, "GET", polling, { headers: { Connection: "keep-alive" } });
  assert.notEqual(kept.headers.connection, "close");
});

test("connections of polling clients are kept alive", async (t) => {
  const server = await startServer(t);
  const { target } = await openPolling(server);
  const socket = net.connect(server.port, "127.0.0.1");
  let text = "";
  socket.on("data", (data) => (text += data));
  const answers = (n) => until(`answer ${n}`, () => text.match(/HTTP\/1\.1 200/g)?.length === n);
  socket.write(`POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n4a`);
  await answers(1);
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await answers(2);
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);  // until the ping
  await answers(3);
  socket.write(`POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n3`);
  await answers(4);
  assert.match(text, /4aHTTP/);
  assert.match(text, /\r\n\r\n2HTTP/);
  socket.destroy();
});

test("payloads that are none end the session", async (t) => {
  const server = await startServer(t);
  for (const body of ["abc", "", `4a${separator}`, "7", "b!", "2", "bA"]) {
    const { get, post } = await openPolling(server);
    assert.equal((await post(body)).status, 400, body);
    assert.equal((await get()).status, 400, body);
  }
  const broken = await openPolling(server);
  assert.equal((await broken.post(Buffer.from([0x34, 0xff]))).status, 400);
  const binary = await openPolling(server);
  assert.equal((await binary.post("4a", { "Content-Type": "application/octet-stream" })).status, 400);
  assert.equal((await binary.get()).status, 400);
});

test("overlapping GETs end the session: the pending one gets 1, the other 400", async (t) => {
  const server = await startServer(t);
  const { get } = await openPolling(server);
  const first = get();
  await sleep(20);
  const second = await get();
  assert.deepEqual([(await first).status, (await first).body], [200, "1"]);
  assert.equal(second.status, 400);
  assert.equal((await get()).status, 400);
});

test("overlapping POSTs end the session", async (t) => {
  const server = await startServer(t);
  const { get, post, target } = await openPolling(server);
  const slow = net.connect(server.port, "127.0.0.1");
  let text = "";
  slow.on("data", (data) => (text += data));
  slow.write(`POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n4a`);
  await sleep(50);
  assert.equal((await post("4b")).status, 400);
  slow.write("bc");
  await until("an answer to the slow one", () => text.includes(" 400 "));
  assert.equal((await get()).status, 400);
  slow.destroy();
});

test("a GET that is given up ends the session", async (t) => {
  const server = await startServer(t);
  const { get, target } = await openPolling(server);
  const socket = net.connect(server.port, "127.0.0.1");
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await sleep(50);
  socket.destroy();
  await sleep(50);
  assert.equal((await get()).status, 400);
});

test("a body over maxPayload is 413, a message over it closes with 1009", async (t) => {
  const server = await startServer(t, { "max-payload": 1000, "ping-interval": 5000 });
  const { get, post } = await openPolling(server);
  assert.equal((await post(`4${"a".repeat(999)}`)).status, 200);
  assert.equal((await get()).body.length, 1000);
  assert.equal((await post(`4${"a".repeat(1000)}`)).status, 413);
  const socket = await engineSocket(server);
  await socket.next();
  socket.send(`4${"a".repeat(999)}`);
  assert.equal((await socket.next()).length, 1000);
  socket.send(`4${"a".repeat(1000)}`);
  assert.equal((await within("1009", socket.closed)).code, 1009);
});

test("heartbeats by polling: 2 every 300 ms while 3 comes back", async (t) => {
  const server = await startServer(t);
  const { get, post } = await openPolling(server);
  for (let i = 0; i < 3; ++i) {
    const begun = Date.now();
    assert.equal((await get()).body, "2");
    assert.ok(Date.now() - begun < 700);
    assert.equal((await post("3")).body, "ok");
  }
});

test("heartbeats by WebSocket, and the end without them", async (t) => {
  const server = await startServer(t);
  const socket = await engineSocket(server);
  await socket.next();
  for (let i = 0; i < 3; ++i) {
    assert.equal(await socket.next(), "2");
    socket.send("3");
  }
  await within("the end", socket.closed);

  const { get } = await openPolling(server);
  await sleep(600);
  assert.equal((await get()).status, 400);
  const other = await openPolling(server);
  assert.equal((await other.get()).body, "2");
  assert.equal((await other.get()).body, "1");
  assert.equal((await other.get()).status, 400);
});

test("packet 1 of the client ends the session", async (t) => {
  const server = await startServer(t);
  const { get, post } = await openPolling(server);
  const waiting = get();
  await sleep(20);
  const posted = await post("1");
  assert.deepEqual([posted.status, posted.body], [200, "ok"]);
  assert.deepEqual([(await waiting).status, (await waiting).body], [200, "6"]);
  assert.equal((await get()).status, 400);

  const socket = await engineSocket(server);
  await socket.next();
  socket.send("1");
  await within("the end", socket.closed);
});

test("WebSockets carry text and binary", async (t) => {
  const server = await startServer(t);
  const socket = await engineSocket(server);
  await socket.next();
  socket.send("4hello");
  assert.equal(await socket.next(), "4hello");
  socket.send(Buffer.from([1, 2, 3]));
  assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3]));
  for (const packet of ["0{}", "5", "6", "3"]) socket.send(packet);
  socket.send("4");
  assert.equal(await socket.next(), "4");
});

test("what is no packet closes the WebSocket", async (t) => {
  const server = await startServer(t);
  for (const message of ["abc", "", "bAQID", "2", "7"]) {
    const socket = await engineSocket(server);
    await socket.next();
    socket.send(message);
    await within(`the end after ${JSON.stringify(message)}`, socket.closed);
  }
});

async function probed(server, session) {
  const socket = await engineSocket(server, session.sid);
  socket.send("2probe");
  assert.equal(await socket.next(), "3probe");
  return socket;
}

// The WebSocket and its session may belong to different threads.
for (const threads of [1, 4]) {
  test(`an upgrade: probe, noop, 5, and what was kept in order, ${threads} thread(s)`, async (t) => {
    const server = await startServer(t, { threads, "ping-interval": 5000 });
    const session = await openPolling(server);
    const waiting = session.get();
    await sleep(20);
    const begun = Date.now();
    const socket = await probed(server, session);
    assert.equal((await waiting).body, "6");
    assert.ok(Date.now() - begun < 100);

    const next = session.get();
    assert.equal((await next).body, "6");  // held for a while
    await session.post("4meanwhile");
    await session.post("4kept");
    assert.equal(socket.waits(), 0);
    socket.send("5");
    socket.send("4after");
    for (const text of ["4meanwhile", "4kept", "4after"]) assert.equal(await socket.next(), text);
  });

  test(`after an upgrade the sid is of no use to anyone else, ${threads} thread(s)`, async (t) => {
    const server = await startServer(t, { threads, "ping-interval": 5000 });
    const session = await openPolling(server);
    const socket = await engineSocket(server, session.sid);
    socket.send("2probe");
    socket.send("5");
    socket.send("4upgraded");
    for (const text of ["3probe", "4upgraded"]) assert.equal(await socket.next(), text);
    assert.equal((await session.get()).status, 400);
    assert.equal((await session.post("4a")).status, 400);
    const second = await engineSocket(server, session.sid);
    await within("the end of the second", second.closed);
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
  });

  test(`a GET that is held when 5 comes gets 400, ${threads} thread(s)`, async (t) => {
    const server = await startServer(t, { threads, "ping-interval": 5000 });
    const session = await openPolling(server);
    const socket = await probed(server, session);
    const held = session.get();
    await sleep(15);
    socket.send("5");
    assert.equal((await held).status, 400);
    socket.send("4hello");
    assert.equal(await socket.next(), "4hello");
  });

  test(`a wrong probe closes the WebSocket only, ${threads} thread(s)`, async (t) => {
    const server = await startServer(t, { threads, "ping-interval": 5000 });
    const session = await openPolling(server);
    for (const first of ["4hello", "5", "2", "", "1"]) {
      const socket = await engineSocket(server, session.sid);
      socket.send(first);
      await within(`the end after ${first}`, socket.closed);
    }
    const waiting = session.get();
    await session.post("4still here");
    assert.equal((await waiting).body, "4still here");
  });

  test(`only one WebSocket at a time may take over, and polling goes on where it gives up, ${threads} thread(s)`, async (t) => {
    const server = await startServer(t, { threads, "ping-interval": 5000 });
    const session = await openPolling(server);
    const socket = await probed(server, session);
    await within("the end of the second", (await engineSocket(server, session.sid)).closed);
    const held = session.get();
    await sleep(10);
    socket.terminate();
    await sleep(100);  // longer than a GET is held for an upgrade
    await session.post("4a");
    assert.equal((await held).body, "4a");
    const again = await probed(server, session);
    again.send("5");
    again.send("4b");
    assert.equal(await again.next(), "4b");
  });

  test(`an upgrade that is not completed in time is given up, ${threads} thread(s)`, async (t) => {
    const server = await startServer(t, { threads, "ping-interval": 5000, "upgrade-timeout": 200 });
    const session = await openPolling(server);
    const socket = await probed(server, session);
    await within("the end", socket.closed);
    await session.post("4a");
    assert.equal((await session.get()).body, "4a");
  });

  test(`an upgrade does not begin the ping interval anew, ${threads} thread(s)`, async (t) => {
    const server = await startServer(t, { threads, "ping-interval": 600 });
    const session = await openPolling(server);
    const begun = Date.now();
    await sleep(400);
    const socket = await probed(server, session);
    socket.send("5");
    assert.equal(await socket.next(), "2");
    const took = Date.now() - begun;
    assert.ok(took < 900, `${took} ms`);
  });
}

test("sessions are bounded, and those of vanished clients go", async (t) => {
  const server = await startServer(t, { connections: 5 });
  for (let i = 0; i < 5; ++i) await openPolling(server);
  const refused = await request(server, "GET", polling);
  assert.equal(refused.status, 503);
  assert.ok(refused.headers["retry-after"]);
  assert.equal((await refusedSocket(server, "/engine.io/?EIO=4&transport=websocket")).status, 503);
  await until("room", async () => (await request(server, "GET", polling)).status === 200);
});

test("with several threads polling goes on wherever a request comes in", async (t) => {
  const server = await startServer(t, { threads: 4, "ping-interval": 5000, origin: ["https://a.example"] });
  for (let i = 0; i < 10; ++i) {
    const { get, post } = await openPolling(server);
    for (let n = 0; n < 5; ++n) {
      const waiting = get({ headers: { Origin: "https://a.example" } });
      await sleep(5);
      assert.equal((await post(`4${n}`)).body, "ok");
      const answer = await waiting;
      assert.equal(answer.body, `4${n}`);
      assert.equal(answer.headers["access-control-allow-origin"], "https://a.example");
    }
    assert.equal((await post("abc")).status, 400);
    assert.deepEqual(JSON.parse((await get()).body), error(1, "Session ID unknown"));
  }
  for (const sid of ["unknown", "x", "A", "_", "é"]) {
    const answer = await request(server, "GET", `${polling}&sid=${encodeURIComponent(sid)}`);
    assert.deepEqual(JSON.parse(answer.body), error(1, "Session ID unknown"), sid);
  }
});

test("with several threads a WebSocket reaches its session wherever it comes in", async (t) => {
  const server = await startServer(t, { threads: 4, "ping-interval": 10_000 });
  const sockets = await Promise.all(Array.from({ length: 20 }, async () => {
    const socket = await probed(server, await openPolling(server));
    socket.send("5");
    return socket;
  }));
  // All at once and more than what fits on the way between two threads.
  const texts = Array.from({ length: 50 }, (_, n) => `4${n}${"x".repeat(10_000)}`);
  for (const socket of sockets) for (const text of texts) socket.send(text);
  for (const socket of sockets) for (const text of texts) assert.equal(await socket.next(), text);
  // Either side may end it.
  const [first, second, ...others] = sockets;
  first.send("1");
  second.send("nonsense");
  for (const socket of [first, second]) await within("the end", socket.closed);
  for (const socket of others) socket.send("4still here");
  for (const socket of others) assert.equal(await socket.next(), "4still here");
});

test("with several threads a page that does not read holds up nobody", async (t) => {
  const server = await startServer(t, { threads: 4, "ping-interval": 10_000 });
  for (let i = 0; i < 4; ++i) {
    const socket = await probed(server, await openPolling(server));
    socket.send("5");
    socket.pause();
    // What comes back waits for the page, and at some time the page for it.
    for (let n = 0; n < 200; ++n) socket.send(`4${n}${"x".repeat(100_000)}`);
    const quick = await engineSocket(server);
    await quick.next();
    quick.send("4quick");
    assert.equal(await quick.next(), "4quick");
  }
});

test("with several threads a GET that is given up ends the session", async (t) => {
  const server = await startServer(t, { threads: 4, "ping-interval": 5000 });
  for (let i = 0; i < 8; ++i) {
    const { get, target } = await openPolling(server);
    const socket = net.connect(server.port, "127.0.0.1");
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await sleep(30);
    socket.destroy();
    await sleep(30);
    assert.equal((await get()).status, 400);
  }
});

test("a server that ends closes all sessions", async (t) => {
  let ended;
  const stop = { after: (end) => (ended = end) };
  const server = await startServer(stop, { "ping-interval": 5000 });
  const session = await openPolling(server);
  const waiting = session.get();
  const socket = await engineSocket(server);
  await socket.next();
  await sleep(20);
  await ended();
  assert.equal((await waiting).body, "1");
  assert.equal((await socket.closed).code, 4200);
});

test("with several threads a server that ends closes all sessions", async (t) => {
  let ended;
  const stop = { after: (end) => (ended = end) };
  const server = await startServer(stop, { threads: 4, "ping-interval": 5000 });
  const sessions = await Promise.all(Array.from({ length: 24 }, () => openPolling(server)));
  const waiting = sessions.map(({ get }) => get());
  await sleep(100);
  await ended();
  for (const answer of await Promise.all(waiting)) assert.equal(answer.body, "1");
});
