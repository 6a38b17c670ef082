// Each system of conf/examples: its configuration as it stands there, its page in Chromium.

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { key, token } from "./credentials.mjs";
import { launchChromium, shows } from "./dashboard_page.mjs";
import { mqttClient, mqttSubscriber, request, startBroker, until } from "./harness.mjs";

const examples = fileURLToPath(new URL("../../conf/examples/", import.meta.url));
const modules = fileURLToPath(new URL("node_modules/", import.meta.url));
const artifacts = process.env.RTBRIDGE_ARTIFACTS ?? "artifacts";
const socketIo = { "socket.io.min.js": "socket.io-client/dist/socket.io.min.js" };

let browser;
before(async () => {
  browser = await launchChromium();
  await mkdir(artifacts, { recursive: true });
});
after(() => browser.close());

// A broker with the example; only its ports are others. `scripts`: what a user puts beside the page.
async function run(t, name, { scripts = {}, files = {} } = {}) {
  const folder = join(examples, name);
  const config = fs.readFileSync(join(folder, "rtbridge.toml"), "utf8");
  for (const file of fs.readdirSync(join(folder, "www"))) {
    files[`www/${file}`] = fs.readFileSync(join(folder, "www", file));
  }
  for (const [file, source] of Object.entries(scripts)) {
    files[`www/${file}`] = fs.readFileSync(join(modules, source));
  }
  const adapted = (mqttPort) =>
    config.replace(/^bind .*/m, 'bind = "127.0.0.1:0"').replace(/^to .*/m, `to = "127.0.0.1:${mqttPort}"`);
  const broker = await startBroker(t, { rtbridge: adapted, files });
  const device = await mqttClient(t, broker, { clientId: "device-1" });
  const publish = (topic, value, options = {}) =>
    device.publishAsync(topic, typeof value === "string" ? value : JSON.stringify(value), { qos: 1, ...options });
  return { broker, publish };
}

async function open(t, broker, path = "/") {
  const page = await browser.newPage();
  t.after(() => page.close());
  page.setDefaultTimeout(10_000);
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(`${broker.httpUrl}${path}`);
  const text = (selector) => page.locator(selector).textContent();
  return {
    page,
    text,
    has: (selector, expected) => until(`${expected} in ${selector}`, async () => (await text(selector)).includes(expected)),
    finish: async (name) => {
      await page.screenshot({ path: join(artifacts, `example-${name}.png`) });
      assert.deepEqual(errors, []);
    },
  };
}

test("the battery dashboard", async (t) => {
  const { broker, publish } = await run(t, "battery-dashboard");
  await publish("battery/topic", { userId: "user-1", batteryPercent: 80, batteryPower: 1200 });
  const { page, finish } = await open(t, broker, "/?userId=user-1");
  await shows(page.locator("#state"), "Charging");
  await publish("battery/topic", { userId: "user-2", batteryPercent: 1, batteryPower: -5 });
  await publish("battery/topic", { userId: "user-1", batteryPercent: 79, batteryPower: -300 });
  await shows(page.locator("#state"), "Discharging");
  await shows(page.locator("#percent"), "79");
  await finish("battery-dashboard");
});

test("the sensor dashboard", async (t) => {
  const { broker, publish } = await run(t, "sensor-dashboard", { scripts: socketIo, files: { key } });
  const claims = { iss: "https://login.example.com", aud: "sensors" };
  await publish("sensors/a/data", { celsius: 20 });
  const anna = await open(t, broker, `/#${token("anna", { ...claims, role: "viewer" })}`);
  await shows(anna.page.locator("#user"), "anna, viewer");
  await anna.page.fill("input[name=device]", "a");
  await anna.page.click("text=Subscribe");
  await anna.has("#devices", 'a: {"celsius":20}');
  await publish("sensors/b/data", { celsius: 1 });
  await publish("sensors/a/data", { celsius: 21 });
  await anna.has("#devices", 'a: {"celsius":21}');
  assert.doesNotMatch(await anna.text("#devices"), /b:/);

  const root = await open(t, broker, `/#${token("root", { ...claims, role: "admin" })}`);
  await shows(root.page.locator("#user"), "root, admin");
  await publish("sensors/b/data", { celsius: 2 });
  await root.has("#devices", 'b: {"celsius":2}');
  const nobody = await open(t, broker, "/#wrong");
  await nobody.has("#messages", "unauthorized");
  await anna.finish("sensor-dashboard");
  await root.finish("sensor-dashboard-admin");
});

test("the sensor broadcast", async (t) => {
  const { broker, publish } = await run(t, "sensor-broadcast", { scripts: socketIo });
  const { has, finish } = await open(t, broker);
  await has("#connection", "one of 1");
  await publish("sensors/a", { celsius: 20 });
  await has("#data", '{"celsius":20}');
  const { json } = await request("GET", `${broker.httpUrl}/websocket/status`);
  assert.deepEqual(json, { success: true, connectedClients: 1, websocketEnabled: true });
  await finish("sensor-broadcast");
});

test("match updates", async (t) => {
  const { broker } = await run(t, "match-updates");
  const { page, has, finish } = await open(t, broker);
  await page.fill("input[name=matchId]", "42");
  await page.fill("input[name=score]", "2-1");
  await page.click("text=Update");
  await has("output", "Match updated");
  await has("#matches", "42: 2-1");
  const { json } = await request("GET", `${broker.httpUrl}/match/42`);
  assert.deepEqual(json, { matchId: "42", score: "2-1" });
  await finish("match-updates");
});

test("motor control", async (t) => {
  const scripts = { "mqtt.min.js": "mqtt/dist/mqtt.min.js" };
  const { broker, publish } = await run(t, "motor-control", { scripts });
  const commands = await mqttSubscriber(t, broker, "motor/+/command");
  const { page, has, finish } = await open(t, broker);
  await until("the page's subscription", async () => {
    await publish("motor/1/state", { speed: 30 });
    return (await page.locator("#state").textContent()) === "30 %";
  });
  await page.locator("#speed").fill("55");
  const [{ topic, text }] = await commands.take(1);
  assert.equal(topic, "motor/1/command");
  assert.deepEqual(JSON.parse(text), { speed: 55 });
  await has("h1", "Motor 1: 30 %");
  await finish("motor-control");
});
