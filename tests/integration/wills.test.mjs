// Wills of MQTT clients go to browsers by the rules, though the broker gives plugins no event for
// them. "Not shown" is never waited for: a marker that was published later has arrived.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as net from "node:net";
import { test } from "node:test";
import { rule, token, tokenAuth, tokenFiles } from "./access.mjs";
import { get, head, mqttClient, mqttSubscriber, openBrowser, startBroker, until } from "./harness.mjs";

const rules = '[[rule]]\nname = "gone"\ntopics = ["gone/#"]\nset = { by = "{client}" }\n';
const everyone = rule("allow", "publish publish_retained receive subscribe", ["gone/#", "other"]);
const denied = rule("deny", "publish", ["gone/secret"]);
const config = `${head}[acl]\n${everyone}${denied}${rules}`;

const will = (topic, more = {}) => ({ topic, payload: '{"state":"gone"}', qos: 1, retain: false, ...more });
const kill = (client) => client.stream.destroy();

// What browsers saw until now.
async function shown(broker, browser, publisher) {
  const mark = `m${Math.random()}`;
  await publisher.publishAsync("gone/marker", JSON.stringify({ mark }), { qos: 1 });
  const end = () => browser.frames.findIndex((frame) => frame.includes(mark));
  await until("the marker", () => end() >= 0);
  return browser.frames.splice(0, end() + 1).slice(0, -1).map((frame) => JSON.parse(frame));
}
// Resolves when the broker is done with a client.
const gone = (broker, id, from = 0) =>
  broker.waitForLog(new RegExp(`Client ${id} (disconnected|closed its connection|has exceeded)|error on client ${id}`), from);

async function setUp(t, options = {}) {
  const broker = await startBroker(t, { rtbridge: config, ...options });
  const subscriber = await mqttSubscriber(t, broker, ["gone/#"], options.client);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?topic=gone/%23&snapshot=0`, options.browser);
  const publisher = await mqttClient(t, broker, options.client);
  return { broker, browser, publisher, subscriber };
}

test("the will of a client that was killed is shown once, enriched, by the rules", async (t) => {
  const { broker, browser, publisher, subscriber } = await setUp(t);
  const child = spawn("mosquitto_sub", ["-p", broker.mqttPort, "-i", "victim", "-t", "other",
    "--will-topic", "gone/victim", "--will-payload", '{"state":"gone"}']);
  await broker.waitForLog(/New client connected from \S+ as victim/);
  child.kill("SIGKILL");
  await gone(broker, "victim");

  assert.deepEqual(await shown(broker, browser, publisher), [{ state: "gone", by: "victim" }]);
  const messages = await subscriber.take(2);
  assert.equal(messages[0].text, '{"state":"gone"}', "MQTT subscribers get the will as it is");
  const { messages: counts, rules } = await broker.status();
  assert.equal(counts.wills, 1);
  assert.equal(rules[0].matched, 2);
});

test("the will of a client that was silent for too long is shown", async (t) => {
  const { broker, browser, publisher } = await setUp(t);
  const text = (value) => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)]);
  const body = Buffer.concat([text("MQTT"), Buffer.from([4, 0x06, 0, 1]), text("silent"), text("gone/silent"), text("{}")]);
  const socket = net.connect(broker.mqttPort, "127.0.0.1").on("error", () => {});
  t.after(() => socket.destroy());
  socket.write(Buffer.concat([Buffer.from([0x10, body.length]), body]));
  await gone(broker, "silent");
  assert.deepEqual(await shown(broker, browser, publisher), [{ by: "silent" }]);
});

test("a takeover shows the will of the connection that lost, whoever checks logins", async (t) => {
  const byToken = { rtbridge: `${head}${tokenAuth('anonymous = "role:any"')}[acl]\n${everyone}${rules}`, files: tokenFiles };
  const client = { username: "anna", password: token({ sub: "anna" }) };
  for (const options of [{}, { ...byToken, client }]) {
    const { broker, browser, publisher } = await setUp(t, options);
    await mqttClient(t, broker, { ...options.client, clientId: "twin", will: will("gone/first") });
    await mqttClient(t, broker, { ...options.client, clientId: "twin", will: will("gone/second") });
    await broker.waitForLog(/Client twin already connected/);
    assert.deepEqual(await shown(broker, browser, publisher), [{ state: "gone", by: "twin" }]);
    assert.equal((await get(`${broker.httpUrl}/api/latest?topic=gone/first`)).json.items.length, 1);
    assert.equal((await get(`${broker.httpUrl}/api/latest?topic=gone/second`)).json.items.length, 0);
  }
});

test("no will is shown of who says goodbye, nor one that is denied, nor what no rule is for", async (t) => {
  const { broker, browser, publisher } = await setUp(t);
  const cases = [
    ["polite", "gone/polite", (client) => client.endAsync()],
    ["denied", "gone/secret", kill],
    ["elsewhere", "other", kill],
  ];
  for (const [clientId, topic, leave] of cases) {
    const client = await mqttClient(t, broker, { clientId, will: will(topic) });
    await client.publishAsync("gone/alive", '{"alive":true}', { qos: 1 });
    await leave(client);
    await gone(broker, clientId);
    assert.deepEqual(await shown(broker, browser, publisher), [{ alive: true, by: clientId }], clientId);
  }
  await broker.waitForLog(/client "denied" .*may not publish "gone\/secret"/);
  assert.equal((await broker.status()).messages.wills, 0);
});

test("a delayed will is shown when it is due, and not if its client is back before", async (t) => {
  const { broker, browser, publisher } = await setUp(t);
  const v5 = (clientId) => ({
    clientId, protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 60 },
    will: will(`gone/${clientId}`, { properties: { willDelayInterval: 1 } }),
  });
  const late = await mqttClient(t, broker, v5("late"));
  const back = await mqttClient(t, broker, v5("back"));
  kill(late);
  kill(back);
  await gone(broker, "late");
  await gone(broker, "back");
  assert.deepEqual(await shown(broker, browser, publisher), []);
  await mqttClient(t, broker, v5("back"));
  await until("the will of late", async () => (await broker.status()).messages.wills === 1);
  assert.deepEqual(await shown(broker, browser, publisher), [{ state: "gone", by: "late" }]);
});

test("a retained will becomes the newest value, and an empty one clears it", async (t) => {
  const { broker, browser, publisher } = await setUp(t);
  const latest = async () => (await get(`${broker.httpUrl}/api/latest?topic=gone/state`)).json.items;
  const one = await mqttClient(t, broker, { clientId: "one", will: will("gone/state", { retain: true }) });
  kill(one);
  await gone(broker, "one");
  await shown(broker, browser, publisher);
  assert.deepEqual((await latest())[0].data, { state: "gone", by: "one" });

  const two = await mqttClient(t, broker, { clientId: "two", will: will("gone/state", { retain: true, payload: "" }) });
  kill(two);
  await gone(broker, "two");
  await shown(broker, browser, publisher);
  assert.deepEqual(await latest(), []);
});

test("many wills at once each come once, in the middle of other traffic", async (t) => {
  const { broker, browser, publisher } = await setUp(t);
  const clients = await Promise.all([...Array(50).keys()].map((i) =>
    mqttClient(t, broker, { clientId: `c${i}`, will: will(`gone/c${i}`) })));
  const busy = [...Array(200).keys()].map((i) => publisher.publishAsync("gone/busy", `{"i":${i}}`, { qos: 1 }));
  clients.forEach(kill);
  await Promise.all(busy);
  for (let i = 0; i < 50; ++i) await gone(broker, `c${i}`);
  const wills = (await shown(broker, browser, publisher)).filter(({ state }) => state === "gone");
  assert.deepEqual(wills.map(({ by }) => by).sort(), clients.map((_, i) => `c${i}`).sort());
});

test("without [acl] the broker tells of no will", async (t) => {
  const { broker, browser, publisher } = await setUp(t, { rtbridge: `${head}${rules}` });
  const client = await mqttClient(t, broker, { clientId: "victim", will: will("gone/victim") });
  kill(client);
  await gone(broker, "victim");
  assert.deepEqual(await shown(broker, browser, publisher), []);
});
