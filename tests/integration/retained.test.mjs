// [broker] connect: what the broker kept as retained is there again after a restart.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import {
  freePort, get, head, mqttClient, mqttSubscriber, openBrowser, refusedStart, startBroker, until, within,
} from "./harness.mjs";

const rules = '[[rule]]\nname = "plant"\ntopics = ["plant/{id}/state"]\nkey = "{id}"\nset = { plant = "{id}" }\n';
const connect = (port) => `[broker]\nconnect = "127.0.0.1:${port}"\n`;
const config = (more = rules) => (port) => head + connect(port) + more;

// Where a broker keeps its database; a second one goes on with it.
function database(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-db-"));
  fs.chmodSync(directory, 0o777);
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  return `persistence true\npersistence_location ${directory}/\n`;
}
// A database in which `messages` are retained.
async function kept(t, messages) {
  const mosquitto = database(t);
  const broker = await startBroker(t, { rtbridge: null, mosquitto });
  const client = await mqttClient(t, broker);
  await Promise.all(Object.entries(messages).map(([topic, text]) =>
    client.publishAsync(topic, text, { qos: 1, retain: true })));
  await broker.stop();
  return mosquitto;
}
const latest = async (broker, topic = "%23") =>
  (await get(`${broker.httpUrl}/api/latest?topic=${topic}`)).json.items;
const settled = (broker, state = "read") =>
  until(`retained messages ${state}`, async () => {
    const { retained } = await broker.status();
    return retained.state === state && retained;
  });

test("after a restart the newest values are there again, by the rules, and nothing is published", async (t) => {
  const mosquitto = await kept(t, {
    "plant/1/state": '{"v":1}', "plant/2/state": '{"v":2}', "plant/2/other": '{"v":3}', elsewhere: "4",
  });
  const broker = await startBroker(t, { rtbridge: config(), mosquitto });
  const retained = await settled(broker);

  assert.deepEqual([retained.messages, retained.outdated, retained.error], [2, 0, null]);
  const items = await latest(broker);
  assert.deepEqual(items.map(({ topic, key, data }) => [topic, key, data]), [
    ["plant/1/state", "1", { v: 1, plant: "1" }],
    ["plant/2/state", "2", { v: 2, plant: "2" }],
  ]);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?id=2`);
  assert.deepEqual(await browser.next(), { v: 2, plant: "2" });
  const { messages } = await mqttSubscriber(t, broker, ["#"]);
  await until("the retained messages", () => messages.length === 4);
  assert.ok(messages.every(({ retain }) => retain), "nothing of it was published anew");
  assert.deepEqual((await broker.status()).rules[0].matched, 0);
  assert.match(broker.log(), /rtbridge: 2 retained messages read from 127\.0\.0\.1:\d+\n/);
});

test("more of them than the broker queues for a client, while devices go on publishing", async (t) => {
  const messages = Object.fromEntries([...Array(3000).keys()].map((i) => [`plant/${i}/state`, `{"v":"${"x".repeat(500)}"}`]));
  const mosquitto = await kept(t, messages);
  const broker = await startBroker(t, { rtbridge: config(), mosquitto });
  const client = await mqttClient(t, broker);
  for (let i = 0; i < 100; ++i) await client.publishAsync(`plant/live${i}/state`, "{}", { qos: 1 });
  await settled(broker);
  assert.equal((await broker.status()).listeners[0].values, 3100);
});

test("with [auth] and [acl] the connection is let in, and nobody else by that", async (t) => {
  const mosquitto = await kept(t, { "plant/1/state": '{"v":1}' });
  const broker = await startBroker(t, {
    rtbridge: (port) => head + connect(port) + '[auth]\nmqtt = true\n[acl]\ndefault = "deny"\n' + rules, mosquitto,
  });
  await broker.waitForLog(/rtbridge: 1 retained messages read/);
  const [, id] = /as (rtbridge-reader-[0-9a-f]+) /.exec(broker.log());
  await assert.rejects(mqttClient(t, broker, { clientId: id }));
  await assert.rejects(mqttClient(t, broker, { clientId: id, username: id, password: "guess" }));
  await assert.rejects(mqttClient(t, broker));
});

test("with [acl] alone it may read what no other client may", async (t) => {
  const mosquitto = await kept(t, { "plant/1/state": '{"v":1}' });
  const broker = await startBroker(t, { rtbridge: config(`[acl]\ndefault = "deny"\n${rules}`), mosquitto });
  await broker.waitForLog(/rtbridge: 1 retained messages read/);
  const [, id] = /as (rtbridge-reader-[0-9a-f]+) /.exec(broker.log());
  const late = await mqttClient(t, broker, { clientId: id });
  await late.subscribeAsync("plant/#").then(
    (granted) => assert.equal(granted[0].qos, 128), () => {});
});

test("a login that the broker refuses is one line in the log and a field in the status", async (t) => {
  const mosquitto = await kept(t, { "plant/1/state": '{"v":1}' });
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-pw-"));
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  fs.chmodSync(directory, 0o755);
  const passwords = path.join(directory, "passwords");
  execFileSync("mosquitto_passwd", ["-c", "-b", passwords, "anna", "secret"]);
  fs.chmodSync(passwords, 0o644);
  const broker = await startBroker(t, {
    rtbridge: config(), mosquitto: `${mosquitto}allow_anonymous false\npassword_file ${passwords}\n`,
  });
  const { error } = await settled(broker, "failed");
  const why = "the broker did not let it in (not authorised): let clients of this machine in there " +
    "without a name (allow_anonymous true), or set mqtt = true in [auth]";
  assert.equal(error, why);
  const lines = broker.log().split("\n").filter((line) => line.includes("broker.connect"));
  assert.equal(lines.length, 1);
  assert.ok(lines[0].includes(`retained messages could not be read from 127.0.0.1:${broker.mqttPort}: ${why}`));

  const client = await mqttClient(t, broker, { username: "anna", password: "secret" });
  await client.publishAsync("plant/7/state", '{"v":7}', { qos: 1 });
  await until("delivery", async () => (await latest(broker, "plant/7/state")).length === 1);
});

test("where nobody listens it gives up, and deliveries go on meanwhile", async (t) => {
  const port = await freePort();
  const broker = await startBroker(t, { rtbridge: head + connect(port) + rules });
  await settled(broker, "reading");
  const client = await mqttClient(t, broker);
  await client.publishAsync("plant/7/state", '{"v":7}', { qos: 1 });
  await until("delivery", async () => (await latest(broker, "plant/7/state")).length === 1);
  const { error } = await settled(broker, "failed");
  assert.match(error, /^Connection refused, tried for 10 s$/);

  // The right port at a reload: it is read after all.
  await client.publishAsync("late/1/state", '{"v":1}', { qos: 1, retain: true });
  await broker.reload(head + connect(broker.mqttPort) + rules.replace('"plant/{id}/state"', '"plant/{id}/state", "late/{id}/state"'));
  await settled(broker);
  assert.equal((await latest(broker, "late/1/state"))[0].data.v, 1);
});

test("a retained message that a live one overtook is not shown, nor one that was cleared", async (t) => {
  const mosquitto = await kept(t, {
    "plant/1/state": '{"v":"old"}', "plant/2/state": '{"v":"old"}', "plant/3/state": '{"v":"old"}',
  });
  // Holds what the broker says until it is told to let go.
  const port = await freePort();
  let upstream = 0;
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  const connected = () => new Promise((resolve) => {
    const socket = net.connect(upstream, "127.0.0.1");
    socket.on("connect", () => resolve(socket)).on("error", () => resolve(undefined));
  });
  const reading = new Promise((resolve) => {
    const proxy = net.createServer({ pauseOnConnect: true }, async (socket) => {
      const broker = await until("the broker", connected); // which does not listen yet
      for (const end of [socket, broker]) {
        end.on("error", () => {});
        t.after(() => end.destroy());
      }
      broker.on("data", async (data) => {
        if (data.includes("plant/3/state")) {
          resolve();
          await held;
        }
        socket.write(data);
      });
      socket.on("close", () => broker.destroy());
      socket.on("data", (data) => broker.write(data)).resume();
    });
    t.after(() => proxy.close());
    proxy.listen(port, "127.0.0.1");
  });
  const broker = await startBroker(t, {
    rtbridge: (mqttPort) => { upstream = mqttPort; return head + connect(port) + rules; }, mosquitto,
  });
  await within("the reading", reading); // the broker has said all of it, rtbridge has not heard it
  const client = await mqttClient(t, broker);
  await client.publishAsync("plant/1/state", '{"v":"new"}', { qos: 1 });
  await client.publishAsync("plant/2/state", "", { qos: 1, retain: true });
  letGo();

  const retained = await settled(broker);

  assert.deepEqual([retained.messages, retained.outdated], [1, 2]);
  assert.deepEqual((await latest(broker)).map(({ topic, data }) => [topic, data.v]),
    [["plant/1/state", "new"], ["plant/3/state", "old"]]);
});

test("a reload that adds rules reads what is retained for them, and leaves the rest", async (t) => {
  const mosquitto = await kept(t, { "plant/1/state": '{"v":1}', "site/1": '{"v":2}' });
  const broker = await startBroker(t, { rtbridge: config(), mosquitto });
  await settled(broker);
  const client = await mqttClient(t, broker);
  await client.publishAsync("plant/1/state", '{"v":"live"}', { qos: 1 });
  const more = '[[rule]]\nname = "all"\ntopics = ["#"]\n';
  await broker.reload(head + connect(broker.mqttPort) + rules + more);
  await until("the new topic", async () => (await latest(broker, "site/1")).length === 1);
  assert.deepEqual((await latest(broker, "plant/1/state")).map(({ data }) => data.v), ["live"]);
  await settled(broker);
});

test("without broker.connect nothing is read, and set at a reload it waits for the restart", async (t) => {
  const mosquitto = await kept(t, { "plant/1/state": '{"v":1}' });
  const broker = await startBroker(t, { rtbridge: head + rules, mosquitto });
  assert.equal((await broker.status()).retained.state, "off");
  const { restart_required: keys } = await broker.reload(head + connect(broker.mqttPort) + rules);
  assert.deepEqual(keys, ["broker.connect"]);
  assert.deepEqual(await latest(broker), []);
});

test("the broker ends at once in the middle of a reading", async (t) => {
  const silent = net.createServer((socket) => t.after(() => socket.destroy()));
  silent.listen(0, "127.0.0.1");
  t.after(() => silent.close());
  await until("the port", () => silent.address());
  const broker = await startBroker(t, { rtbridge: head + connect(silent.address().port) + rules });
  await settled(broker, "reading");
  const begin = Date.now();
  assert.deepEqual(await broker.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - begin < 3000);
});

test("an address that is not of this machine is refused, with its place", async (t) => {
  const { log } = await refusedStart(t, { rtbridge: `${head}[broker]\nconnect = "192.0.2.1:1883"\n` });
  assert.match(log, /rtbridge\.toml:5:11: error: connect = "192\.0\.2\.1:1883" is not an MQTT listener of this broker on this machine/);
});
