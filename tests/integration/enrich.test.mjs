// What MQTT subscribers see: `mqtt = keep | replace | publish:`, flags, and payloads that are no batteries.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import {
  battery, batteryRule, head, mqttClient, mqttSubscriber, openBrowser, startBroker,
} from "./harness.mjs";

const run = promisify(execFile);
const withRule = (lines) => ({ rtbridge: `${head}${batteryRule}${lines}\n` });
const input = '{"userId":"user-1","batteryPercent":80,"batteryPower":1200}';
const enriched = '{"userId":"user-1","batteryPercent":80,"batteryPower":1200,"state":"Charging"}';

test('mqtt = "keep": subscribers see what the device sent, browsers the enriched payload', async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "keep"'));
  const subscriber = await mqttSubscriber(t, broker, "#");
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?userId=user-1`);
  const device = await mqttClient(t, broker);

  await device.publishAsync("battery/topic", input, { qos: 1 });

  assert.equal((await subscriber.take(1))[0].text, input);
  assert.equal(await browser.nextText(), enriched);
});

test('mqtt = "replace": subscribers see the enriched payload, with the QoS it was sent with', async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"'));
  const subscriber = await mqttSubscriber(t, broker, "battery/#");
  const device = await mqttClient(t, broker);

  for (const qos of [0, 1, 2]) {
    await device.publishAsync("battery/topic", input, { qos });
    assert.deepEqual(await subscriber.take(1), [
      { topic: "battery/topic", text: enriched, qos, retain: false },
    ]);
  }
});

test("the state follows the sign of the power, and all other bytes stay as they were", async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"'));
  const subscriber = await mqttSubscriber(t, broker, "battery/topic");
  const device = await mqttClient(t, broker);
  const cases = [
    [battery("u", 5), "Charging"],
    [battery("u", -5), "Discharging"],
    [battery("u", 0), "Idle"],
    ['{ "batteryPower" : -1.50e3 ,\t"userId":"\\u00fc", "deep":{"batteryPower":9} }', "Discharging"],
    ['{"batteryPower":-0.0,"userId":"u"}', "Idle"],
  ];

  for (const [sent, state] of cases) {
    await device.publishAsync("battery/topic", sent, { qos: 1 });
    const [{ text }] = await subscriber.take(1);
    assert.equal(JSON.parse(text).state, state, text);
    assert.equal(text.replace(`,"state":"${state}"`, ""), sent);
  }
});

test("an existing state is replaced in place", async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"'));
  const subscriber = await mqttSubscriber(t, broker, "battery/topic");
  const device = await mqttClient(t, broker);

  await device.publishAsync("battery/topic", '{"state":"?","batteryPower":-5}', { qos: 1 });

  assert.equal((await subscriber.take(1))[0].text, '{"state":"Discharging","batteryPower":-5}');
});

test("a retained payload is kept enriched, and an empty one clears it as before", async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"'));
  const device = await mqttClient(t, broker);

  await device.publishAsync("battery/topic", input, { qos: 1, retain: true });
  const late = await mqttSubscriber(t, broker, "battery/topic");
  assert.deepEqual(await late.take(1), [
    { topic: "battery/topic", text: enriched, qos: 1, retain: true },
  ]);

  await device.publishAsync("battery/topic", "", { qos: 1, retain: true });
  assert.equal((await late.take(1))[0].text, "");
  const later = await mqttSubscriber(t, broker, "battery/topic");
  await device.publishAsync("battery/topic", "marker", { qos: 1 });
  assert.equal((await later.take(1))[0].text, "marker"); // nothing retained came before it
});

test("mqtt = publish: the enriched payload goes to another topic, the original stays where it was", async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "publish:live/{payload.userId}"'));
  const original = await mqttSubscriber(t, broker, "battery/#");
  const derived = await mqttSubscriber(t, broker, "live/#");
  const device = await mqttClient(t, broker);

  for (const [qos, retain] of [[0, false], [1, true], [2, false]]) {
    await device.publishAsync("battery/topic", input, { qos, retain });
    assert.deepEqual(await original.take(1), [
      { topic: "battery/topic", text: input, qos, retain: false },
    ]);
    assert.deepEqual(await derived.take(1), [
      { topic: "live/user-1", text: enriched, qos, retain: false },
    ]);
  }
  const late = await mqttSubscriber(t, broker, "live/#");
  assert.deepEqual(await late.take(1), [
    { topic: "live/user-1", text: enriched, qos: 1, retain: true },
  ]);
});

test("what a rule publishes passes no rules again, so a rule cannot feed itself", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}[[rule]]\nname = "loop"\ntopics = ["loop/#"]\nbattery = {}\nmqtt = "publish:loop/again"\n`,
  });
  const subscriber = await mqttSubscriber(t, broker, "#");
  const device = await mqttClient(t, broker);

  await device.publishAsync("loop/first", '{"batteryPower":1}', { qos: 1 });
  await subscriber.take(2);
  await device.publishAsync("marker", "x", { qos: 1 });

  assert.equal((await subscriber.take(1))[0].topic, "marker");
  assert.equal((await broker.status()).messages.in, 2);
});

test("a topic built from an unusable value is not published; on_invalid decides the original", async (t) => {
  const broker = await startBroker(
    t,
    withRule('mqtt = "publish:live/{payload.userId}"\non_invalid = "drop"'),
  );
  const subscriber = await mqttSubscriber(t, broker, "#");
  const device = await mqttClient(t, broker);

  for (const userId of ["", "a/b", "+", "#", "a\u0001b"]) {
    await device.publishAsync("battery/topic", battery(userId, 5), { qos: 1 });
  }
  await device.publishAsync("battery/topic", battery(undefined, 5), { qos: 1 });
  await device.publishAsync("marker", "x", { qos: 1 });

  assert.equal((await subscriber.take(1))[0].topic, "marker");
});

const invalid = ["{broken", '{"userId":"user-1"}', '{"batteryPower":"5"}', "[1]", "17", "\u00ff"];

test('on_invalid = "pass": MQTT sees the payload unchanged', async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"\non_invalid = "pass"'));
  const subscriber = await mqttSubscriber(t, broker, "battery/topic");
  const device = await mqttClient(t, broker);

  for (const payload of invalid) {
    await device.publishAsync("battery/topic", payload, { qos: 1 });
  }

  assert.deepEqual((await subscriber.take(invalid.length)).map(({ text }) => text), invalid);
});

test('on_invalid = "drop": nobody sees the payload, and it is counted', async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"\non_invalid = "drop"'));
  const subscriber = await mqttSubscriber(t, broker, "battery/topic");
  const device = await mqttClient(t, broker);

  for (const payload of invalid) {
    await device.publishAsync("battery/topic", payload, { qos: 1 });
  }
  await device.publishAsync("battery/topic", input, { qos: 1 });

  assert.equal((await subscriber.take(1))[0].text, enriched);
  assert.equal((await broker.status()).messages.kept_from_all, invalid.length);
});

test('on_invalid = "quarantine": nobody sees the payload, an envelope says why, and rules leave that alone', async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}
[[rule]]
name = "strict"
topics = ["#"]
fields = { soc = "number 0..100", "meter.mode" = "one of? auto|eco" }
on_invalid = "quarantine"
`,
  });
  const subscriber = await mqttSubscriber(t, broker, "#");
  const device = await mqttClient(t, broker, { clientId: "inverter-7" });
  const bad = ["no JSON", '{"soc":"x"}', '{"soc":101}', "{}", '{"soc":1,"meter":{"mode":"fast"}}'];
  for (const payload of bad) await device.publishAsync("plant/7", payload, { qos: 1 });
  await device.publishAsync("plant/7", '{"soc":50,"meter":{"mode":"eco"}}', { qos: 1 });

  const got = await subscriber.take(bad.length + 1);
  const envelopes = got.filter(({ topic }) => topic === "rtbridge/quarantine/strict").map(({ text }) => JSON.parse(text));
  assert.deepEqual(envelopes.map(({ field, reason }) => [field, reason]),
    [["", "not_json"], ["soc", "type"], ["soc", "range"], ["soc", "missing"], ["meter.mode", "choice"]]);
  assert.deepEqual(envelopes.map(({ payload }) => Buffer.from(payload, "base64").toString()), bad);
  for (const { topic, client, rule, bytes } of envelopes) {
    assert.deepEqual([topic, client, rule, bytes > 0], ["plant/7", "inverter-7", "strict", true]);
  }
  assert.deepEqual(got.filter(({ topic }) => topic === "plant/7").map(({ text }) => text), ['{"soc":50,"meter":{"mode":"eco"}}']);
  const { messages, rules } = await broker.status();
  assert.equal(messages.kept_from_all, bad.length);
  assert.equal(messages.quarantined, bad.length);
  assert.deepEqual(rules[0].invalid_by, { not_json: 1, missing: 1, type: 1, range: 1, choice: 1 });
});

test("a flood of invalid messages is not a flood of envelopes, and a large one is told in part", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}[[rule]]\nname = "strict"\ntopics = ["plant/#"]\nfields = { soc = "number" }\non_invalid = "quarantine"\n`,
  });
  const subscriber = await mqttSubscriber(t, broker, "rtbridge/quarantine/#");
  const device = await mqttClient(t, broker);
  await device.publishAsync("plant/7", "x".repeat(100_000), { qos: 1 });
  const [{ text }] = await subscriber.take(1);
  const { bytes, payload } = JSON.parse(text);
  assert.deepEqual([bytes, Buffer.from(payload, "base64").length], [100_000, 65_536]);

  for (let i = 0; i < 500; ++i) await device.publishAsync("plant/7", "{}", { qos: 1 });
  const { messages, limits } = await broker.status();
  assert.equal(messages.kept_from_all, 501);
  assert.ok(messages.quarantined >= 20 && messages.quarantined < 500, `${messages.quarantined}`);
  assert.equal(limits.quarantine, 501 - messages.quarantined + 1);
});

test("captures of the topic can be set into the payload", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}
[[rule]]
name = "site"
topics = ["site/{site}/battery/{device}/state"]
key = "{device}"
set = { site = "{site}", label = "{site}/{device}", n = 1 }
mqtt = "replace"
`,
  });
  const subscriber = await mqttSubscriber(t, broker, "#");
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?device=b7`);
  const device = await mqttClient(t, broker);

  await device.publishAsync("site/north/battery/b7/state", '{"a":1}', { qos: 1 });

  const expected = { a: 1, site: "north", label: "north/b7", n: 1 };
  assert.deepEqual(JSON.parse((await subscriber.take(1))[0].text), expected);
  assert.deepEqual(await browser.next(), expected);
});

test("rules that overlap all apply, in file order", async (t) => {
  const rule = (name, topic, more) =>
    `[[rule]]\nname = "${name}"\ntopics = ["${topic}"]\nmqtt = "replace"\n${more}\n`;
  const broker = await startBroker(t, {
    rtbridge:
      head +
      rule("first", "a/+", 'set = { who = "first", one = 1 }') +
      rule("second", "#", "battery = {}") +
      rule("third", "a/b", 'set = { who = "third", seen = "{payload.state}" }'),
  });
  const subscriber = await mqttSubscriber(t, broker, "#");
  const device = await mqttClient(t, broker);

  await device.publishAsync("a/b", '{"batteryPower":1}', { qos: 1 });

  assert.deepEqual(JSON.parse((await subscriber.take(1))[0].text), {
    batteryPower: 1,
    who: "third",
    one: 1,
    state: "Charging",
    seen: "Charging",
  });
});

test("topics that no rule matches pass untouched", async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"'));
  const subscriber = await mqttSubscriber(t, broker, "#");
  const device = await mqttClient(t, broker);

  await device.publishAsync("battery/topic/deeper", input, { qos: 2 });

  assert.equal((await subscriber.take(1))[0].text, input);
});

test("Mosquitto's own command line clients see the same", async (t) => {
  const broker = await startBroker(t, withRule('mqtt = "replace"'));
  const where = ["-h", "127.0.0.1", "-p", String(broker.mqttPort), "-t", "battery/topic"];

  await run("mosquitto_pub", [...where, "-q", "1", "-r", "-m", input]);
  const { stdout } = await run("mosquitto_sub", [...where, "-C", "1", "-W", "10"]);

  assert.equal(stdout, `${enriched}\n`);
});
