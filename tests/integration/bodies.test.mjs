// What browsers get in place of the payload: `browser = { event, body }` of rules, over /ws,
// rtbridge.v1 and /api/latest. MQTT subscribers see none of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { joinFullMode } from "./full_mode.mjs";
import {
  battery, get, head, mqttClient, mqttSubscriber, openBrowser, startBroker, until,
} from "./harness.mjs";

const rule = (name, topics, lines) =>
  `[[rule]]\nname = "${name}"\ntopics = ${JSON.stringify(topics)}\n${lines}\n`;
const latest = async (broker, topic = "#") =>
  (await get(`${broker.httpUrl}/api/latest?topic=${encodeURIComponent(topic)}`)).json.items;

const sensorRule = rule("sensor", ["site/{site}/{device}"], `
key = "{payload.id}"
battery = { power = "p" }
browser = { event = "sensor:data", body = { at = "{now}", ms = "{now_ms}", deviceId = "{key}", where = "{site}/{device}", data = "{payload}", p = "{payload.p}", text = "p is {payload.p}", list = [1, "{{x}}"] } }
`);

test("a body reaches /ws, rtbridge.v1 and /api/latest, and no MQTT subscriber", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + sensorRule });
  const subscriber = await mqttSubscriber(t, broker, "#");
  const plain = await openBrowser(t, `${broker.wsUrl}/ws?id=7`);
  const full = await joinFullMode(t, broker);
  await full.ask("sub", { topics: ["site/#"], mode: "all" });
  const device = await mqttClient(t, broker);
  const before = Date.now();

  const input = '{ "p": -1.50, "id": 7 }';
  await device.publishAsync("site/north/d1", input, { qos: 1 });

  const text = await plain.nextText();
  const body = JSON.parse(text);
  assert.match(body.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(new Date(body.at).getTime(), body.ms);
  assert.ok(body.ms >= before && body.ms <= Date.now());
  const { at, ms, ...rest } = body;
  assert.deepEqual(rest, {
    deviceId: "7",
    where: "north/d1",
    data: { p: -1.5, id: 7, state: "Discharging" },
    p: -1.5,
    text: "p is -1.5",
    list: [1, "{x}"],
  });
  assert.ok(text.includes('"data":{ "p": -1.50, "id": 7,"state":"Discharging" }'), text);

  const update = await full.next();
  assert.deepEqual(update.d, body);
  assert.equal(update.ts, body.ms);
  const [item] = await latest(broker);
  assert.deepEqual([item.data, item.key, item.ts], [body, "7", body.ms]);
  assert.equal((await subscriber.take(1))[0].text, input);
});

test("a page that comes later is told the newest body", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + sensorRule });
  const device = await mqttClient(t, broker);
  for (const p of [1, 2]) await device.publishAsync("site/a/b", `{"p":${p},"id":1}`, { qos: 1 });
  await until("the newest body", async () => (await latest(broker))[0]?.data.p === 2);

  const late = await openBrowser(t, `${broker.wsUrl}/ws`);

  assert.equal((await late.next()).p, 2);
  assert.equal(late.frames.length, 1);
});

test("what is no JSON becomes part of a body, and a body that cannot be made is counted", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: head +
      rule("text", ["text"], 'browser = { body = { said = "{payload_text}" } }') +
      rule("json", ["json"], 'browser = { body = { x = "{payload.x}", all = "{payload}" } }'),
  });
  const plain = await openBrowser(t, `${broker.wsUrl}/ws`);
  const full = await joinFullMode(t, broker);
  await full.ask("sub", { topics: ["#"], mode: "all" });
  const subscriber = await mqttSubscriber(t, broker, "#");
  const device = await mqttClient(t, broker);

  await device.publishAsync("text", "2:1", { qos: 1 });
  for (const lacking of ["off", "{}", "[1]", Buffer.from([0xff])]) {
    await device.publishAsync("json", lacking, { qos: 1 });
  }
  await device.publishAsync("text", Buffer.from([0xff]), { qos: 1 });
  await device.publishAsync("json", '{"x":null}', { qos: 1 });

  assert.deepEqual(await plain.next(), { said: "2:1" });
  assert.deepEqual(await plain.next(), { x: null, all: { x: null } });
  assert.deepEqual((await full.take(2)).map(({ d }) => d), [{ said: "2:1" }, { x: null, all: { x: null } }]);
  assert.equal((await subscriber.take(7)).length, 7);
  const { messages, rules } = await broker.status();
  assert.equal(messages.bodies_missing, 5);
  assert.deepEqual(rules.map((each) => each.bodies_missing), [1, 4]);
  assert.deepEqual(rules.map((each) => each.invalid), [0, 0]);
  const { text } = await get(`${broker.httpUrl}/metrics`);
  assert.match(text, /^rtbridge_bodies_missing_total 5$/m);
  assert.match(text, /^rtbridge_rule_bodies_missing_total\{rule="json"\} 4$/m);
});

test("a payload that fails its rule has no body: rtbridge.v1 gets it as it is", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + sensorRule });
  const full = await joinFullMode(t, broker);
  await full.ask("sub", { topics: ["#"], mode: "all" });
  const device = await mqttClient(t, broker);

  await device.publishAsync("site/a/b", '{"id":1}', { qos: 1 });

  const update = await full.next();
  assert.deepEqual([update.x, update.d], ['{"id":1}', undefined]);
  assert.equal((await broker.status()).messages.bodies_missing, 0);
});

test("rules that say different things make updates that do not replace each other", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: head +
      rule("one", ["t/#"], 'browser = { body = { one = "{payload.n}" } }') +
      rule("two", ["t/+"], 'browser = { body = { two = "{payload.n}" } }') +
      rule("same", ["t/a"], 'browser = { body = { two = "{payload.n}" } }'),
  });
  const live = await openBrowser(t, `${broker.wsUrl}/ws`);
  const device = await mqttClient(t, broker);
  for (const n of [1, 2]) await device.publishAsync("t/a", `{"n":${n}}`, { qos: 1 });

  for (const n of [1, 2]) {
    assert.deepEqual(await live.next(), { one: n });
    assert.deepEqual(await live.next(), { two: n });
  }
  const late = await openBrowser(t, `${broker.wsUrl}/ws`);
  assert.deepEqual([await late.next(), await late.next()], [{ one: 2 }, { two: 2 }]);
  assert.deepEqual((await latest(broker)).map(({ data }) => data), [{ one: 2 }, { two: 2 }]);
  const paged = await get(`${broker.httpUrl}/api/latest?limit=1`);
  const rest = await get(
    `${broker.httpUrl}/api/latest?limit=1&after=${encodeURIComponent(paged.json.next)}`,
  );
  assert.deepEqual([paged, rest].map(({ json }) => json.items[0].data), [{ one: 2 }, { two: 2 }]);
  const full = await joinFullMode(t, broker);
  await full.ask("sub", { topics: ["t/#"], mode: "latest" });
  assert.deepEqual((await full.take(2)).map(({ d }) => d), [{ one: 2 }, { two: 2 }]);
  const tail = live.frames.length;

  await broker.reload(head + rule("one", ["t/#"], 'browser = { body = { one = "{payload.n}" } }'));
  await device.publishAsync("t/a", '{"n":3}', { qos: 1 });
  assert.deepEqual(await live.next(), { one: 3 });
  assert.equal(live.frames.length, tail + 1);
  assert.deepEqual((await latest(broker)).map(({ data }) => data), [{ one: 3 }]);
});

test("deadband looks at the payload behind a body", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: head +
      rule("band", ["b"], 'browser = { deadband = { batteryPower = 5 }, body = { at = "{now}", p = "{payload.batteryPower}" } }'),
  });
  const live = await openBrowser(t, `${broker.wsUrl}/ws`);
  const device = await mqttClient(t, broker);

  for (const power of [10, 12, 14, 15, 19, 20]) {
    await device.publishAsync("b", battery("u", power), { qos: 1 });
  }

  assert.deepEqual([await live.next(), await live.next(), await live.next()].map(({ p }) => p), [10, 15, 20]);
  assert.equal((await broker.status()).messages.thinned, 3);
});

test("a reload with mistakes in bodies names them all and changes nothing", async (t) => {
  const good = head + rule("one", ["t/{site}"], 'browser = { body = { one = "{payload}" } }');
  const broker = await startBroker(t, { rtbridge: good });
  const bad = head +
    rule("one", ["t/{site}"], 'browser = { event = "", body = { a = "{sote}", b = ["{session}"], c = "{now" } }') +
    '[sse]\nbody = "{site}"\n[socketio]\npath = "/x"\nbody = { a = "{arg}" }\n';

  await broker.reload(bad);

  for (const mistake of [
    /rtbridge\.toml:7:21: error: event = "" is empty/,
    /unknown name \{sote\}; did you mean \{site\}\?/,
    /\{session\} has no meaning in a rule/,
    /'\{' without '\}'/,
    /unknown name \{site\}; known are \{topic\}/,
    /path = "\/x" is not the path of a URL/,
    /\{arg\} has no meaning in a body/,
  ]) {
    await broker.waitForLog(mistake);
  }
  const live = await openBrowser(t, `${broker.wsUrl}/ws`);
  const device = await mqttClient(t, broker);
  await device.publishAsync("t/a", "1", { qos: 1 });
  assert.deepEqual(await live.next(), { one: 1 });
});
