// Socket.IO 5 as seen from outside, line by line: bare packets against the code that runs in the
// broker, over WebSockets and by polling.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPolling, openSocket, separator, sleep, startServer } from "./conformance.mjs";
import { within } from "./harness.mjs";

const target = "/socket.io/?EIO=4&transport=websocket";
const calm = { "ping-interval": 5000 };

// An open WebSocket, its handshake read.
async function opened(server) {
  const socket = await openSocket(server, target);
  socket.engineSid = JSON.parse((await socket.next()).slice(1)).sid;
  return socket;
}
// One that has joined "/".
async function joined(server) {
  const socket = await opened(server);
  socket.send("40");
  await socket.next("the answer to CONNECT");
  await socket.next("auth");
  return socket;
}
const closes = (socket, what) => within(`the end after ${what}`, socket.closed);

test("CONNECT is answered with a sid of its own and nothing else", async (t) => {
  const server = await startServer(t, calm);
  const socket = await opened(server);
  socket.send("40");
  const answer = await socket.next();
  assert.match(answer, /^40\{"sid":"[^"]+"\}$/);
  assert.notEqual(JSON.parse(answer.slice(2)).sid, socket.engineSid);
  assert.equal(await socket.next(), '42["auth",{}]');
});

test("CONNECT carries credentials, as they were written", async (t) => {
  const server = await startServer(t, calm);
  const socket = await opened(server);
  socket.send('40{"token": "1,2", "n":1.0}');
  await socket.next();
  assert.equal(await socket.next(), '42["auth",{"token": "1,2", "n":1.0}]');
});

test("namespaces: with and without comma, several at once", async (t) => {
  const server = await startServer(t, calm);
  for (const connect of ["40/custom", "40/custom,", '40/custom,{"token":"abc"}']) {
    const socket = await opened(server);
    socket.send(connect);
    assert.match(await socket.next(), /^40\/custom,\{"sid":"[^"]+"\}$/);
    assert.match(await socket.next(), /^42\/custom,\["auth",\{/);
    socket.send("40");
    assert.match(await socket.next(), /^40\{"sid"/);
    await socket.next();
    socket.send('42/custom,["message","a"]');
    assert.equal(await socket.next(), '42/custom,["message-back","a"]');
    socket.send('42["message","b"]');
    assert.equal(await socket.next(), '42["message-back","b"]');
  }
});

test("an unknown namespace is refused, and the connection stays open", async (t) => {
  const server = await startServer(t, calm);
  const socket = await opened(server);
  socket.send("40/random");
  assert.equal(await socket.next(), '44/random,{"message":"Invalid namespace"}');
  socket.send("40/custom?a=b,");
  assert.equal(await socket.next(), '44/custom?a=b,{"message":"Invalid namespace"}');
  socket.send("40");
  assert.match(await socket.next(), /^40/);
});

test("without CONNECT the connection ends in time", async (t) => {
  const server = await startServer(t, { ...calm, "connect-timeout": 300 });
  const socket = await opened(server);
  const refused = await opened(server);
  refused.send("40/random");
  const good = await joined(server);
  await closes(socket, "silence");
  await closes(refused, "a refusal");
  await sleep(300);
  good.send('42["message"]');
  assert.equal(await good.next(), '42["message-back"]');
});

test("before CONNECT nothing else may come", async (t) => {
  const server = await startServer(t, calm);
  for (const packet of ['42["message"]', "41", "430[]", '452-["a"]', "4abc", "4", "44{}"]) {
    const socket = await opened(server);
    socket.send(packet);
    await closes(socket, packet);
  }
  const binary = await opened(server);
  binary.send(Buffer.from([1]));
  await closes(binary, "a binary message");
});

test("what no client may send closes the connection", async (t) => {
  const server = await startServer(t, calm);
  const packets = [
    "40", "40[]", "40null", "40/custom,1", "44{}", '44{"message":"x"}', "4abc", "47", "4",
    "42", "42{}", "42[]", "42[{}]", "42[null]", '42"a"', '42["a"', '42["a"]x', "42abc",
    '42["connect"]', '42["connect_error"]', '42["disconnect"]', '42["disconnecting"]', '42["newListener"]',
    '42["removeListener"]', '42["\\u0063onnect"]', '42/custom,["a"]', '429007199254740993["a"]',
    "43", "43[]", "431", "431{}", "41{}", "411", "41/custom,",
    '45["a"]', '45-["a"]', '450-["a"]', '4511-["a"]', '451["a"]', '45a-["a"]', '451.5-["a"]', '4599999999999-["a"]',
    '461-["a"]', '451-{}', '451-["a",{"_placeholder":true,"num":1}]',
    '451-["a",{"_placeholder":true,"num":-1}]', '451-["a",{"_placeholder":true,"num":"0"}]',
    '451-["a",{"_placeholder":true,"num":0.5}]', '451-["a",{"_placeholder":true}]',
    `42["a",${"[".repeat(20_000)}${"]".repeat(20_000)}]`, `40/${"a".repeat(1000)},`,
  ];
  await Promise.all(packets.map(async (packet) => {
    const socket = await joined(server);
    socket.send(packet);
    await closes(socket, packet.slice(0, 80));
  }));
});

test("events keep their arguments as they were written", async (t) => {
  const server = await startServer(t, calm);
  const socket = await joined(server);
  const args = '1,1.0,"2",{"3":[true]}, null ,{"b":1,"a":2},1e2,"\\u00e9é"';
  socket.send(`42["message",${args}]`);
  assert.equal(await socket.next(), '42["message-back",1,1.0,"2",{"3":[true]},null,{"b":1,"a":2},1e2,"\\u00e9é"]');
  socket.send("42[123]");  // a number may be a name
  socket.send('42["message"]');
  assert.equal(await socket.next(), '42["message-back"]');
});

test("acknowledgements", async (t) => {
  const server = await startServer(t, calm);
  const socket = await joined(server);
  socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
  assert.equal(await socket.next(), '43456[1,"2",{"3":[false]}]');
  socket.send('42007["message-with-ack"]');
  assert.equal(await socket.next(), "437[]");
  socket.send('420["message-with-ack"]');
  assert.equal(await socket.next(), "430[]");
  socket.send("4399[]");  // nobody asked for it
  socket.send('42["message"]');
  assert.equal(await socket.next(), '42["message-back"]');
});

test("binary: attachments follow their packet, on both transports", async (t) => {
  const server = await startServer(t, calm);
  const socket = await joined(server);
  const args = '{"_placeholder":true,"num":0},"test",{"x":{"_placeholder":true,"num":1}}';
  socket.send(`452-["message",${args}]`);
  socket.send(Buffer.from([1, 2, 3]));
  socket.send(Buffer.from([]));
  assert.equal(await socket.next(), `452-["message-back",${args}]`);
  assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3]));
  assert.deepEqual(await socket.next(), Buffer.from([]));
  socket.send('451-789["message-with-ack",{"_placeholder":true,"num":0}]');
  socket.send(Buffer.from([4]));
  assert.equal(await socket.next(), '461-789[{"_placeholder":true,"num":0}]');
  assert.deepEqual(await socket.next(), Buffer.from([4]));
  const ten = Array.from({ length: 10 }, (_, num) => JSON.stringify({ _placeholder: true, num }));
  socket.send(`4510-["message",${ten}]`);
  for (let i = 0; i < 10; ++i) socket.send(Buffer.from([i]));
  assert.equal(await socket.next(), `4510-["message-back",${ten}]`);
  for (let i = 0; i < 10; ++i) assert.deepEqual(await socket.next(), Buffer.from([i]));

  const { get, post } = await openPolling(server, "/socket.io/");
  await post("40");
  await get();  // the answer to CONNECT
  await get();  // auth
  await post(`451-["message",{"_placeholder":true,"num":0}]${separator}bAQID`);
  assert.equal((await get()).body, `451-["message-back",{"_placeholder":true,"num":0}]${separator}bAQID`);
});

test("binary: nothing else may come between, and no attachment without its packet", async (t) => {
  const server = await startServer(t, calm);
  const header = '451-["message",{"_placeholder":true,"num":0}]';
  for (const rest of ['42["message"]', "40/custom,", header, "41"]) {
    const socket = await joined(server);
    socket.send(header);
    socket.send(rest);
    await closes(socket, rest);
  }
  const socket = await joined(server);
  socket.send(Buffer.from([1]));
  await closes(socket, "a binary message");
  const extra = await joined(server);
  extra.send(header);
  extra.send(Buffer.from([1]));
  extra.send(Buffer.from([2]));
  await closes(extra, "an attachment too many");
});

test("pongs may come between a packet and its attachments", async (t) => {
  const server = await startServer(t);
  const socket = await joined(server);
  socket.send('451-["message",{"_placeholder":true,"num":0}]');
  assert.equal(await socket.next(), "2");
  socket.send("3");
  socket.send(Buffer.from([1]));
  assert.equal(await socket.next(), '451-["message-back",{"_placeholder":true,"num":0}]');
});

test("DISCONNECT leaves a namespace and nothing more; the connection stays", async (t) => {
  const server = await startServer(t);
  const socket = await joined(server);
  socket.send("40/custom");
  await socket.next();
  await socket.next();
  socket.send("41/custom");
  socket.send('42["message"]');
  assert.equal(await socket.next(), '42["message-back"]');
  socket.send("41");
  assert.equal(await socket.next(), "2");
  socket.send("3");
  assert.equal(await socket.next(), "2");
  socket.send("3");
  socket.send('42["message"]');
  await closes(socket, "an event to a namespace left");
});

test("the server may end a namespace, or the connection", async (t) => {
  const server = await startServer(t, calm);
  const socket = await joined(server);
  socket.send('42["leave-me"]');
  socket.send('42["message","too late"]');
  assert.equal(await socket.next(), "41");
  socket.send("40");
  assert.match(await socket.next(), /^40/);
  await socket.next();
  socket.send('42["close-me"]');
  assert.deepEqual(await closes(socket, "close-me"), { code: 4003, reason: "as you wish" });

  const { get, post } = await openPolling(server, "/socket.io/");
  await post("40");
  await get();  // the answer to CONNECT
  await get();  // auth
  assert.equal((await post('42["close-me"]')).body, "ok");
  assert.equal((await get()).body, "1");
  assert.equal((await get()).status, 400);
});

test("by polling the answer to CONNECT comes together with what follows it", async (t) => {
  const server = await startServer(t, { ...calm, "auth-delay": 0 });
  const { get, post } = await openPolling(server, "/socket.io/");
  const waiting = get();
  await sleep(20);
  await post('40{"token":"123"}');
  const [connect, auth, ...more] = (await waiting).body.split(separator);
  assert.match(connect, /^40\{"sid":"[^"]+"\}$/);
  assert.equal(auth, '42["auth",{"token":"123"}]');
  assert.deepEqual(more, []);
});

test("by polling a mistake ends the session", async (t) => {
  const server = await startServer(t, calm);
  const { get, post } = await openPolling(server, "/socket.io/");
  await post('42["a"]');
  assert.equal((await get()).body, "1");
  assert.equal((await get()).status, 400);
});

test("a client that sends more than it may is closed", async (t) => {
  const server = await startServer(t, { ...calm, "requests-per-second": 50 });
  const socket = await joined(server);
  for (let i = 0; i < 200; ++i) socket.send('42["nothing"]');
  // What it sent beyond is not read, so the close frame may be lost.
  assert.ok([4102, 1006].includes((await closes(socket, "200 packets")).code));
});
