// [broker] devices: which MQTT clients are there, as far as the broker tells.

import assert from "node:assert/strict";
import { test } from "node:test";
import { token, tokenAuth, tokenFiles } from "./access.mjs";
import { get, head, mqttClient, openBrowser, startBroker, until } from "./harness.mjs";

const devices = '[broker]\ndevices = ["sensor-*"]\n';
const open = '[acl]\ndefault = "allow"\n';
const seen = async (broker, id) =>
  (await get(`${broker.httpUrl}/api/latest?topic=rtbridge/device/${encodeURIComponent(id)}`)).json.items[0]?.data;
const state = (broker, id, online, cause) =>
  until(`${id} ${online ? "online" : "offline"} by ${cause}`, async () => {
    const device = await seen(broker, id);
    return device?.online === online && device.cause === cause && device;
  });

test("a device is seen at its first publish and until it leaves, with nothing else configured", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + devices });
  const before = Date.now();
  const client = await mqttClient(t, broker, { clientId: "sensor-1", username: "anna" });
  const other = await mqttClient(t, broker, { clientId: "other" });
  await other.publishAsync("x", "1", { qos: 1 });
  assert.equal(await seen(broker, "sensor-1"), undefined, "nothing shows that it is there");
  await client.publishAsync("x", "1", { qos: 1 });
  const online = await state(broker, "sensor-1", true, "publish");
  assert.deepEqual(online, { client: "sensor-1", user: "anna", online: true, cause: "publish", at: online.at });
  assert.ok(online.at >= before && online.at <= Date.now());
  await client.endAsync();
  await state(broker, "sensor-1", false, "unknown");
  assert.equal(await seen(broker, "other"), undefined);
});

test("browsers are told as events, and in order", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + devices + open });
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?topic=rtbridge/device/%23`);
  for (let i = 0; i < 3; ++i) {
    const client = await mqttClient(t, broker, { clientId: "sensor-1" });
    await client.subscribeAsync("x");
    await client.endAsync();
  }
  for (let i = 0; i < 3; ++i) {
    assert.deepEqual([(await browser.next()).cause, (await browser.next()).cause], ["subscribe", "unknown"]);
  }
});

test("with logins of ours a device is seen as soon as it is in; a takeover and a kick are known", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}${tokenAuth('anonymous = "role:any"')}${devices}`, files: tokenFiles,
  });
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?topic=rtbridge/device/sensor-1`);
  const login = (seconds) => ({
    clientId: "sensor-1", username: "anna",
    password: token({ sub: "anna", exp: Math.floor(Date.now() / 1000) + seconds }),
  });
  await mqttClient(t, broker, login(3600));
  assert.equal((await browser.next()).cause, "login");
  await mqttClient(t, broker, login(2));
  assert.deepEqual([(await browser.next()).cause, (await browser.next()).cause], ["takeover", "login"]);
  await broker.waitForLog(/disconnected: its token has expired/);
  const last = await browser.next();
  assert.deepEqual([last.online, last.cause], [false, "kicked"]);

  const refused = mqttClient(t, broker, { clientId: "sensor-2", username: "anna", password: "wrong" });
  await assert.rejects(refused);
  assert.equal(await seen(broker, "sensor-2"), undefined);
});

test("a reload runs logins again: nobody comes or goes by that", async (t) => {
  const config = `${head}${tokenAuth('anonymous = "role:any"')}${devices}`;
  const broker = await startBroker(t, { rtbridge: config, files: tokenFiles });
  const durable = { clientId: "sensor-away", clean: false };
  const away = await mqttClient(t, broker, durable);
  await mqttClient(t, broker, { clientId: "sensor-here" });
  await state(broker, "sensor-here", true, "login");
  await away.endAsync();
  const left = await state(broker, "sensor-away", false, "unknown");
  const here = await seen(broker, "sensor-here");
  await broker.reload(`${config}# changed\n`);
  await mqttClient(t, broker, { clientId: "sensor-new" });
  await state(broker, "sensor-new", true, "login");
  assert.deepEqual(await seen(broker, "sensor-here"), here);
  assert.deepEqual(await seen(broker, "sensor-away"), left);
});

test("with [acl] a will says that a device was lost, even one that is denied", async (t) => {
  const acl = '[acl]\n[[acl.rule]]\nallow = ["publish", "subscribe", "receive"]\ntopics = ["x", "rtbridge/device/#"]\n';
  const broker = await startBroker(t, { rtbridge: head + devices + acl });
  for (const topic of ["x", "denied"]) {
    const clientId = `sensor-${topic}`;
    const client = await mqttClient(t, broker, { clientId, will: { topic, payload: "{}", qos: 0, retain: false } });
    await client.publishAsync("x", "1", { qos: 1 });
    await state(broker, clientId, true, "publish");
    client.stream.destroy();
    await state(broker, clientId, false, "lost");
  }
});

test("who may not receive the topic of a device does not see it", async (t) => {
  const acl = '[acl]\n[[acl.rule]]\nallow = ["publish"]\ntopics = ["#"]\n' +
    '[[acl.rule]]\nallow = ["receive", "subscribe"]\ntopics = ["rtbridge/device/sensor-a"]\n';
  const broker = await startBroker(t, { rtbridge: head + devices + acl });
  for (const id of ["sensor-b", "sensor-a"]) {
    await (await mqttClient(t, broker, { clientId: id })).publishAsync("x", "1", { qos: 1 });
  }
  await state(broker, "sensor-a", true, "publish");
  const all = (await get(`${broker.httpUrl}/api/latest?topic=rtbridge/device/%2B`)).json;
  assert.deepEqual(all.items.map(({ key }) => key), ["sensor-a"]);
});

test("without devices nobody is told who is there", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + open });
  const client = await mqttClient(t, broker, { clientId: "sensor-1" });
  await client.publishAsync("x", "1", { qos: 1 });
  assert.deepEqual((await get(`${broker.httpUrl}/api/latest?topic=rtbridge/%23`)).json.items, []);

  await broker.reload(head + open + devices);
  await client.publishAsync("x", "1", { qos: 1 });
  await state(broker, "sensor-1", true, "publish");
});
