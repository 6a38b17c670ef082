// The Socket.IO application by configuration, with the real socket.io-client: the sensor dashboard
// (JWT, roles) and the sensor broadcast, as their pages talk to their servers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { io } from "socket.io-client";
import { jwt, key, token } from "./credentials.mjs";
import { get, head, mqttClient, mqttSubscriber, request, startBroker, until, within } from "./harness.mjs";
import { rawTalk } from "./raw_socket.mjs";

const sensorRule = `
[[rule]]
name = "sensor"
topics = ["sensors/{device}/data"]
key = "{device}"
browser = { event = "sensor:data", body = { deviceId = "{device}", data = "{payload}" } }
[[rule]]
name = "alerts"
topics = ["alerts/#"]
browser = { event = "system:alert" }
`;

const dashboardEvents = `
[socketio]
presence = { grace = "300ms" }
shutdown = { event = "server:shutdown", body = { message = "Server is shutting down" } }
[[socketio.welcome]]
event = "connected"
[[socketio.on]]
event = "subscribe:device"
do = "subscribe"
key = "{arg}"
reply = { event = "subscribed:device", body = { deviceId = "{arg}", message = "Subscribed to {arg}" } }
[[socketio.on]]
event = "unsubscribe:device"
do = "unsubscribe"
key = "{arg}"
reply = { event = "unsubscribed:device" }
[[socketio.on]]
event = "subscribe:all"
do = "subscribe_all"
role = "admin"
reply = { event = "subscribed:all" }
[[socketio.on]]
event = "request:latest"
do = "latest"
key = "{arg}"
reply = { event = "data:latest" }
[[socketio.on]]
event = "request:status"
do = "status"
reply = { event = "status:update" }
[[socketio.on]]
event = "send:notification"
do = "notify"
role = "admin"
[[socketio.on]]
event = "command"
do = "publish"
role = "admin"
topic = "commands/{arg.deviceId}"
payload = { on = "{arg.on}" }
`;
const dashboard = ({ listener = "", acl = "", events = dashboardEvents } = {}) =>
  `${head}${listener}[auth]\n${jwt}${acl}${sensorRule}${events}`;

const publishing = `
[acl]
[[acl.rule]]
allow = ["receive", "subscribe"]
topics = ["#"]
[[acl.rule]]
role = "admin"
allow = ["publish"]
topics = ["commands/#"]
[[acl.rule]]
client = "*"
allow = ["publish"]
topics = ["#"]
`;

// A page's socket; `events` is everything that it heard, in order.
class Page {
  events = [];
  #taken = 0;

  constructor(t, broker, options) {
    this.socket = io(broker.httpUrl, { forceNew: true, reconnection: false, ...options });
    t.after(() => this.socket.disconnect());
    this.socket.onAny((name, ...args) => this.events.push([name, ...args]));
    this.disconnected = new Promise((resolve) => this.socket.on("disconnect", resolve));
  }
  connected() {
    return within("connect", new Promise((resolve, reject) => {
      this.socket.on("connect", () => resolve(this));
      this.socket.on("connect_error", reject);
    }));
  }
  refused() {
    return within("connect_error", new Promise((resolve, reject) => {
      this.socket.on("connect_error", resolve);
      this.socket.on("connect", () => reject(new Error("was accepted")));
    }));
  }
  // The next event that it hears, as [name, argument].
  async next() {
    const index = this.#taken++;
    await until(`event ${index} after ${JSON.stringify(this.events)}`, () => this.events.length > index);
    return this.events[index];
  }
  ask(name, ...args) {
    return within(`ack of ${name}`, this.socket.emitWithAck(name, ...args));
  }
}

const page = (t, broker, options) => new Page(t, broker, options).connected();

async function started(t, options = {}) {
  const broker = await startBroker(t, { rtbridge: dashboard(options), files: { key } });
  const device = await mqttClient(t, broker);
  return {
    broker,
    publish: (topic, payload) => device.publishAsync(topic, JSON.stringify(payload), { qos: 1 }),
    login: async (user, role, more = {}) => {
      const one = await page(t, broker, { auth: { token: token(user, { roles: [role] }) }, ...more });
      const [name, hello] = await one.next();
      assert.equal(name, "connected");
      assert.deepEqual(hello.user, { id: user, username: user, role });
      assert.equal(hello.socketId, one.socket.id);
      return one;
    },
  };
}

for (const [name, transports] of [
  ["default transports", undefined],
  ["polling only", ["polling"]],
  ["WebSocket only", ["websocket"]],
]) {
  test(`the sensor dashboard, ${name}`, async (t) => {
    const { publish, login } = await started(t);
    const anna = await login("anna", "user", { transports });

    anna.socket.emit("subscribe:device", "dev-1");
    assert.deepEqual(await anna.next(), [
      "subscribed:device", { deviceId: "dev-1", message: "Subscribed to dev-1" },
    ]);
    await publish("sensors/dev-2/data", { t: 1 });
    await publish("sensors/dev-1/data", { t: 21.5 });
    assert.deepEqual(await anna.next(), ["sensor:data", { deviceId: "dev-1", data: { t: 21.5 } }]);

    anna.socket.emit("request:latest", "dev-2");
    assert.deepEqual(await anna.next(), ["data:latest", { deviceId: "dev-2", data: { t: 1 } }]);
    anna.socket.emit("request:latest", "dev-9");
    const [, none] = await anna.next();
    assert.deepEqual([none.deviceId, none.data], ["dev-9", null]);

    anna.socket.emit("unsubscribe:device", "dev-1");
    assert.deepEqual(await anna.next(), [
      "unsubscribed:device", { deviceId: "dev-1", message: "Unsubscribed from dev-1" },
    ]);
    await publish("sensors/dev-1/data", { t: 22 });
    anna.socket.emit("subscribe:device");
    const [event, { message }] = await anna.next();
    assert.equal(event, "error");
    assert.equal(message, "subscribe:device needs an argument");
  });
}

test("roles, status and notifications, on two listeners", async (t) => {
  const { publish, login } = await started(t, { listener: "threads = 2\n" });
  // Polling needs all requests of a client at one listener.
  const transports = ["websocket"];
  const admin = await login("root", "admin", { transports });
  const users = [];
  for (let i = 0; i < 6; ++i) users.push(await login(`user-${i}`, "user", { transports }));
  for (const _ of users) {
    const [event, { userId, timestamp }] = await admin.next();
    assert.equal(event, "user:joined");
    assert.match(userId, /^user-\d$/);
    assert.ok(!Number.isNaN(Date.parse(timestamp)));
  }

  users[0].socket.emit("subscribe:all");
  assert.deepEqual(await users[0].next(), [
    "error", { message: "subscribe:all needs the role admin", code: "forbidden" },
  ]);
  admin.socket.emit("subscribe:all");
  assert.equal((await admin.next())[0], "subscribed:all");
  await publish("sensors/dev-7/data", { t: 1 });
  assert.deepEqual(await admin.next(), ["sensor:data", { deviceId: "dev-7", data: { t: 1 } }]);
  await publish("alerts/fire", { level: 3 });
  assert.deepEqual(await admin.next(), ["system:alert", { level: 3 }]);

  const status = await users[1].ask("request:status");
  assert.equal(status.connectedClients, 7);
  assert.equal(status.deviceSubscriptions, 0);
  assert.deepEqual(
    status.userActivity.map(({ username, role }) => [username, role]).sort(),
    [["root", "admin"], ...users.map((_, i) => [`user-${i}`, "user"])],
  );
  assert.equal((await users[1].next())[0], "status:update");

  admin.socket.emit("send:notification", { message: "all", type: "warning" });
  const [, { message, type, from }] = await admin.next();
  assert.deepEqual([message, type, from], ["all", "warning", "root"]);
  for (const user of users) {
    const [event, notification] = await user.next();
    assert.equal(event, "notification");
    assert.equal(notification.message, "all");
  }
  admin.socket.emit("send:notification", { message: "you", targetUserId: "user-5" });
  assert.equal((await users[5].next())[1].message, "you");
  const { error } = await users[4].ask("send:notification", { message: "no" });
  assert.equal(error.code, "forbidden");
  assert.equal((await users[4].next())[0], "error");

  users[5].socket.disconnect();
  const [left, { userId }] = await admin.next();
  assert.deepEqual([left, userId], ["user:left", "user-5"]);
});

test("a page that is loaded again never left", async (t) => {
  const { login } = await started(t, { events: dashboardEvents.replace("300ms", "10s") });
  const admin = await login("root", "admin");
  (await login("anna", "user")).socket.disconnect();
  assert.equal((await admin.next())[0], "user:joined");
  await login("anna", "user");
  await login("bert", "user");
  const [event, { userId }] = await admin.next();
  assert.deepEqual([event, userId], ["user:joined", "bert"]);
});

test("refusals are a connect_error with a code", async (t) => {
  const { broker } = await started(t);
  const refusal = async (auth) => {
    const { message, data } = await new Page(t, broker, { auth }).refused();
    assert.ok(message.length > 0);
    return data.code;
  };
  assert.equal(await refusal({}), "unauthorized");
  assert.equal(await refusal({ token: null }), "unauthorized");
  assert.equal(await refusal({ token: "x.y.z" }), "unauthorized");
  assert.equal(await refusal({ token: token("anna", {}, { secret: "x".repeat(32) }) }), "unauthorized");
  const now = Math.floor(Date.now() / 1000);
  assert.equal(await refusal({ token: token("anna", { exp: now - 10 }) }), "token_expired");

  const other = new Page(t, broker, { auth: { token: token("anna") } });
  await other.connected();
  const wrong = io(`${broker.httpUrl}/admin`, { forceNew: true, reconnection: false });
  t.after(() => wrong.disconnect());
  const error = await within("refusal", new Promise((resolve) => wrong.on("connect_error", resolve)));
  assert.equal(error.message, "Invalid namespace");
});

test("publishing is acknowledged when the broker has it, and needs the right to", async (t) => {
  const { broker, login } = await started(t, { acl: publishing });
  const devices = await mqttSubscriber(t, broker, "commands/#");
  const admin = await login("root", "admin");

  assert.deepEqual(await admin.ask("command", { deviceId: "d1", on: true }), { ok: true });
  const [{ topic, text }] = await devices.take(1);
  assert.deepEqual([topic, text], ["commands/d1", '{"on":true}']);
  const { error } = await admin.ask("command", { deviceId: "a/b", on: true });
  assert.equal(error.code, "bad_topic");
  assert.equal((await admin.next())[0], "error");
});

test("acks of unknown events are answered, and the events counted", async (t) => {
  const { broker, login } = await started(t);
  const anna = await login("anna", "user");
  anna.socket.emit("nix");
  const { error } = await anna.ask("nix");
  assert.equal(error.code, "unknown_op");
  const bearer = { authorization: `Bearer ${token("anna")}` };
  const { text } = await get(`${broker.httpUrl}/metrics`, bearer);
  assert.match(text, /rtbridge_events_unknown_total 2\n/);
});

test("a token that expires ends the session with an error event", async (t) => {
  const { broker } = await started(t);
  const now = Math.floor(Date.now() / 1000);
  const one = await page(t, broker, { auth: { token: token("anna", { exp: now + 2 }) } });
  assert.equal((await one.next())[0], "connected");
  assert.deepEqual(await one.next(), ["error", { message: "token expired", code: "token_expired" }]);
  await within("disconnect", one.disconnected);
});

test("when the broker stops, pages are told first", async (t) => {
  const { broker, login } = await started(t);
  const anna = await login("anna", "user");
  const { code } = await broker.stop();
  assert.equal(code, 0);
  assert.deepEqual(await anna.next(), ["server:shutdown", { message: "Server is shutting down" }]);
  await within("disconnect", anna.disconnected);
});

test("when the broker stops, all GETs that wait are told, whatever thread they came in by", async (t) => {
  const { broker } = await started(t, { listener: "threads = 4\n" });
  const url = `${broker.httpUrl}/socket.io/?EIO=4&transport=polling`;
  const waiting = await Promise.all(Array.from({ length: 24 }, async (_, n) => {
    const { sid } = JSON.parse((await get(url)).text.slice(1));
    const auth = JSON.stringify({ token: token(`user-${n}`, { roles: ["user"] }) });
    assert.equal((await request("POST", `${url}&sid=${sid}`, {}, `40${auth}`)).text, "ok");
    assert.match((await get(`${url}&sid=${sid}`)).text, /"connected"/);
    const talk = await rawTalk(t, broker);
    talk.send(`GET /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return talk;
  }));
  for (let i = 0; i < 16; ++i) await broker.status(); // every thread has had turns since

  assert.deepEqual(await broker.stop(), { code: 0, signal: null });

  for (const talk of waiting) {
    await talk.end();
    assert.match(talk.text, /42\["server:shutdown",\{"message":"Server is shutting down"\}\]$/);
  }
});

test("a reload that takes a login away ends the session for good", async (t) => {
  const { broker, login } = await started(t);
  const anna = await login("anna", "user");
  broker.write("rtbridge.toml", `${head}[auth]\nanonymous = "role:viewer"\n${sensorRule}`);
  await broker.sighup();
  const [event, { code }] = await anna.next();
  assert.deepEqual([event, code], ["error", "forbidden"]);
  assert.equal(await within("disconnect", anna.disconnected), "io server disconnect");
});

test("the sensor broadcast", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}
[[rule]]
name = "sensors"
topics = ["sensor/data"]
browser = { event = "sensorData", body = { timestamp = "{now}", data = "{payload}" } }
[[socketio.welcome]]
event = "connectionInfo"
body = { clientId = "{session}", totalClients = "{sessions}" }
`,
  });
  const device = await mqttClient(t, broker);
  const first = await page(t, broker);
  assert.deepEqual(await first.next(), [
    "connectionInfo", { clientId: first.socket.id, totalClients: 1 },
  ]);
  const second = await page(t, broker);
  assert.deepEqual(await second.next(), [
    "connectionInfo", { clientId: second.socket.id, totalClients: 2 },
  ]);

  await device.publishAsync("sensor/data", '{"x":1.50}', { qos: 1 });
  for (const one of [first, second]) {
    const [event, { timestamp, data }] = await one.next();
    assert.equal(event, "sensorData");
    assert.deepEqual(data, { x: 1.5 });
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
  }
  // Who comes later begins with the newest value.
  const third = await page(t, broker);
  assert.equal((await third.next())[0], "connectionInfo");
  assert.equal((await third.next())[0], "sensorData");

  const { sessions } = await broker.status();
  assert.equal(sessions.by_transport["socket.io"], 3);
});
