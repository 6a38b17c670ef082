// rtbridgectl beside a real broker: what it says has to be what the broker does, and what people
// record with Mosquitto's own tools has to be what it reads.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { head, mqttClient, mqttSubscriber, startBroker, until } from "./harness.mjs";

const rtbridgectl = path.join(path.dirname(process.env.RTBRIDGE_SO ?? ""), "../src/ctl/rtbridgectl");
const run = (...args) => spawnSync(rtbridgectl, args, { encoding: "utf8" });
const battery = '[[rule]]\nname = "battery"\ntopics = ["battery/#"]\nbattery = {}\nmqtt = "replace"\n';

test("the plugin logs the warnings of check, at start and at a reload", async (t) => {
  const rules = `${head}[[rule]]\nname = "a"\ntopics = ["$SYS/#"]\n`;
  const broker = await startBroker(t, { rtbridge: rules });
  const file = broker.path("rtbridge.toml");

  const checked = run("check", file);
  const warning = checked.stderr.split("\n")[0];
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(warning, /:6:11: warning: "\$SYS\/#" can never match/);
  assert.equal(run("check", "--strict", file).status, 1);
  assert.ok(broker.log().includes(warning), broker.log());

  const before = broker.log().length;
  process.kill(broker.pid, "SIGHUP");
  await until("the warning again", () => broker.log().slice(before).includes(warning));
});

test("$SYS and a filter that check calls impossible match nothing", async (t) => {
  const rule = '[[rule]]\nname = "a"\ntopics = ["$SYS/#", "$share/g/x", "y"]\nmqtt = "publish:seen/{topic}"\n';
  const broker = await startBroker(t, { rtbridge: head + rule });
  const subscriber = await mqttSubscriber(t, broker, ["seen/#", "$SYS/broker/version"]);
  const device = await mqttClient(t, broker);

  await subscriber.take(1); // the broker's own, which passed no rule
  await device.publishAsync("$SYS/x", "1", { qos: 1 });
  await device.publishAsync("y", "1", { qos: 1 });

  assert.equal((await subscriber.take(1))[0].topic, "seen/y");
});

test("replay reads what mosquitto_sub records, and makes of it what the broker made", async (t) => {
  const forms = { "%j": ["-F", "%j"], "-v": ["-v"] };
  const broker = await startBroker(t, { rtbridge: head + battery });
  const enriched = await mqttSubscriber(t, broker, "battery/#");
  const device = await mqttClient(t, broker);
  const payloads = ['{"batteryPower":5}', '{ "batteryPower" : -1.50 , "é" : [ ] }', "no json"];

  for (const [name, options] of Object.entries(forms)) {
    // Of what the devices sent, not of what became of it.
    const raw = await startBroker(t, { rtbridge: head });
    const recorder = spawn("mosquitto_sub", ["-p", String(raw.mqttPort), "-t", "#", ...options]);
    t.after(() => recorder.kill());
    let recorded = "";
    recorder.stdout.on("data", (text) => (recorded += text));
    const source = await mqttClient(t, raw);
    await until("mosquitto_sub to be subscribed", async () => {
      await source.publishAsync("begin", "1", { qos: 0 });
      return recorded.includes("begin");
    });
    for (const payload of payloads) await source.publishAsync("battery/1", payload, { qos: 0 });
    const lines = () =>
      recorded.split("\n").filter((line) => line.includes("battery/1"));
    await until(`${payloads.length} lines`, () => lines().length === payloads.length);

    const file = broker.path("recording");
    fs.writeFileSync(file, `${lines().join("\n")}\n`);
    const replayed = run("replay", file, "--config", broker.path("rtbridge.toml"), "--json");
    assert.equal(replayed.stderr, "", name);
    const objects = replayed.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(objects.at(-1).summary.messages, payloads.length);

    for (const [i, payload] of payloads.entries()) {
      await device.publishAsync("battery/1", payload, { qos: 1 });
      assert.equal(objects[i].payload ?? payload, (await enriched.take(1))[0].text, name);
    }
  }
});

test("doctor finds nothing wrong with a broker that is right, and sees a plugin that is loaded twice", async (t) => {
  const rules = `${head}[acl]\ndefault = "allow"\n`;
  const broker = await startBroker(t, { rtbridge: rules });
  const found = run("doctor", "--conf", broker.path("mosquitto.conf"));
  assert.equal(found.status, 0, found.stdout);
  assert.match(found.stdout, /^ok +mosquitto 2\./m);
  assert.match(found.stdout, /^ok .*1 listener, which runs through rtbridge$/m);
  assert.match(found.stdout, /, 0 errors$/m);

  const twice = fs.readFileSync(broker.path("mosquitto.conf"), "utf8").replace(/^(plugin .*)$/m, "$1\n$1");
  const conf = broker.path("twice.conf");
  fs.writeFileSync(conf, twice);
  const again = run("doctor", "--conf", conf);
  assert.equal(again.status, 1);
  assert.match(again.stdout, /^error .*rtbridge\.so is loaded 2 times/m);
});
