// The steps of a rule between `fields` and `mqtt`, and what rules remember, on a real broker.

import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import mqttPacket from "mqtt-packet";
import { get, head, mqttClient, mqttSubscriber, openBrowser, startBroker, until } from "./harness.mjs";

const rule = (lines) => `${head}
[[rule]]
name = "plant"
topics = ["plant/{device}"]
${lines}
`;

test("compute, classify, map, rename and drop_fields make what MQTT subscribers and browsers get", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: rule(`
fields = { efficiency = "number = 0.5" }
compute = { kw = "w / 1000", net_kw = "kw * efficiency" }
classify = { load = { of = "kw", below = { low = 1 }, otherwise = "high" } }
map = { site = { of = "{device}", file = "sites.csv", otherwise = "unknown" } }
rename = { w = "power" }
drop_fields = ["serial", "gps.lat"]
mqtt = "replace"`),
    files: { "sites.csv": 'd1,"Berlin, Mitte"\r\nd2,Bonn\r\n' },
  });
  const subscriber = await mqttSubscriber(t, broker, "plant/#");
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  const device = await mqttClient(t, broker);
  const expected =
    '{"power" : 1500, "gps":{"lon":2},"kw":1.5,"net_kw":0.75,"load":"high","site":"Berlin, Mitte"}';

  await device.publishAsync("plant/d1", '{"serial":7,"w" : 1500, "gps":{"lat":1,"lon":2}}', { qos: 1 });

  assert.equal((await subscriber.take(1))[0].text, expected);
  assert.equal(await browser.nextText(), expected);
  await device.publishAsync("plant/d9", '{"w":500}', { qos: 1 });
  assert.equal((await subscriber.take(1))[0].text,
    '{"power":500,"kw":0.5,"net_kw":0.25,"load":"low","site":"unknown"}');
});

test("a CSV file is read again at a reload, and a broken one leaves everything as it was", async (t) => {
  const config = rule('map = { site = { of = "{device}", file = "sites.csv" } }\nmqtt = "replace"');
  const broker = await startBroker(t, { rtbridge: config, files: { "sites.csv": "d1,Berlin\n" } });
  const subscriber = await mqttSubscriber(t, broker, "plant/#");
  const device = await mqttClient(t, broker);
  const site = async () => {
    await device.publishAsync("plant/d1", "{}", { qos: 1 });
    return JSON.parse((await subscriber.take(1))[0].text).site;
  };
  assert.equal(await site(), "Berlin");

  broker.write("sites.csv", "d1,Bonn\n");
  assert.equal((await broker.reload(config)).reload.ok, true);
  assert.equal(await site(), "Bonn");

  broker.write("sites.csv", "d1,Bonn,more\n");
  const { reload } = await broker.reload(`${config}# again\n`);
  assert.equal(reload.ok, false);
  assert.match(reload.error, /sites\.csv:1:1: error: the row has 3 columns/);
  assert.equal(await site(), "Bonn");
});

const remembering = `
battery = { power = "w", time = "ts", add = ["energy"] }
classify = { level = { of = "soc", below = { low = 30 }, otherwise = "ok", hysteresis = 5 } }
mqtt = "replace"`;

test("labels with hysteresis and energy survive a reload, and MQTT subscribers never see them", async (t) => {
  const broker = await startBroker(t, { rtbridge: rule(remembering) });
  const subscriber = await mqttSubscriber(t, broker, "plant/#");
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  const device = await mqttClient(t, broker);
  const seen = async (payload) => {
    await device.publishAsync("plant/d1", JSON.stringify(payload), { qos: 1 });
    assert.deepEqual(JSON.parse((await subscriber.take(1))[0].text), { ...payload, state: "Charging" });
    const { level, energy_in_wh: energy } = JSON.parse(await browser.nextText());
    return { level, energy };
  };
  assert.deepEqual(await seen({ w: 1000, soc: 20, ts: 1700000000 }), { level: "low", energy: 0 });
  assert.deepEqual(await seen({ w: 1000, soc: 33, ts: 1700000036 }), { level: "low", energy: 10 });

  await broker.reload(`${rule(remembering)}# edited\n`);

  assert.deepEqual(await seen({ w: 1000, soc: 34, ts: 1700000072 }), { level: "low", energy: 20 });
  assert.deepEqual(await seen({ w: 1000, soc: 35, ts: 1700000072 }), { level: "ok", energy: 20 });
});

test("a QoS 2 message that is sent twice is one message to the broker, and counts once", async (t) => {
  const broker = await startBroker(t, { rtbridge: rule(remembering) });
  const subscriber = await mqttSubscriber(t, broker, "plant/#");
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  const socket = net.connect(broker.mqttPort, "127.0.0.1");
  t.after(() => socket.destroy());
  const parser = mqttPacket.parser();
  const answers = [];
  parser.on("packet", (packet) => answers.push(packet.cmd));
  socket.on("data", (bytes) => parser.parse(bytes));
  const send = (packet) => socket.write(mqttPacket.generate(packet));
  const answered = (cmd, count) =>
    until(`${count} ${cmd}`, () => answers.filter((one) => one === cmd).length === count);
  const publish = (messageId, payload, dup) =>
    send({ cmd: "publish", topic: "plant/d1", payload, qos: 2, messageId, dup, retain: false });

  send({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clean: true, clientId: "twice", keepalive: 60 });
  await answered("connack", 1);
  let received = 0;
  for (const [messageId, payload] of [
    [1, '{"w":1000,"soc":20,"ts":1700000000}'],
    [2, '{"w":3000,"soc":33,"ts":1700000036}'],
  ]) {
    publish(messageId, payload, false);
    await answered("pubrec", (received += 1));
    publish(messageId, payload, true);
    await answered("pubrec", (received += 1));
    send({ cmd: "pubrel", messageId });
    await answered("pubcomp", messageId);
  }

  const texts = (await subscriber.take(2)).map(({ text }) => text);
  assert.deepEqual(texts, [
    '{"w":1000,"soc":20,"ts":1700000000,"state":"Charging"}',
    '{"w":3000,"soc":33,"ts":1700000036,"state":"Charging"}',
  ]);
  assert.deepEqual(subscriber.messages, []);
  const browserSaw = [];
  for (let i = 0; i < 4; i += 1) {
    const { level, energy_in_wh: energy } = JSON.parse(await browser.nextText());
    browserSaw.push([level, energy]);
  }
  assert.deepEqual(browserSaw, [["low", 0], ["low", 0], ["low", 20], ["low", 20]]);
  assert.doesNotMatch(broker.log(), /Reused message ID/);
});

test("/api/rules shows what each rule did, what it took, and the last message that it refused", async (t) => {
  const strict = (name, more) => `
[[rule]]
name = "${name}"
topics = ["${name}/#"]
fields = { soc = "number 0..100" }
on_invalid = "quarantine"
${more}`;
  const broker = await startBroker(t, {
    rtbridge: `${head}${strict("open", "")}${strict("closed", "redact = true")}`,
  });
  const device = await mqttClient(t, broker, { clientId: "d7" });
  const long = `{"soc":120,"pad":"${"x".repeat(2000)}"}`;
  for (let i = 0; i < 40; i += 1) await device.publishAsync("open/d7", '{"soc":50}', { qos: 1 });
  await device.publishAsync("open/d7", long, { qos: 1 });
  await device.publishAsync("closed/d7", '{"soc":"secret"}', { qos: 1 });

  const [open, closed] = (await get(`${broker.httpUrl}/api/rules`)).json.items;

  assert.deepEqual(
    [open.name, open.matched, open.ok, open.invalid, open.dropped, open.quarantined, open.invalid_by],
    ["open", 41, 40, 1, 1, 1, { range: 1 }],
  );
  assert.ok(open.us > 0 && open.us < 10000, `${open.us} us`);
  const { at, ...failed } = open.failed;
  assert.ok(Math.abs(Date.now() - at) < 60000);
  assert.deepEqual(failed, {
    topic: "open/d7", client: "d7", reason: "range", field: "soc",
    message: "soc is 120, above 100", bytes: long.length, payload: long.slice(0, 1024),
  });
  const { at: closedAt, ...redacted } = closed.failed;
  assert.ok(closedAt > 0);
  assert.deepEqual(redacted, {
    topic: "closed/d7", client: "d7", reason: "type", field: "soc", message: "", bytes: 16, payload: null,
  });
  const status = await broker.status();
  assert.equal(status.rules[0].quarantined, 1);
  assert.equal(status.rules[0].failed, undefined, "not for everyone");
});
