// The browser library against a real broker, in Node and in Chromium.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import * as http from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { EventSource } from "eventsource";
import WebSocket from "ws";
import { launchChromium, shows } from "./dashboard_page.mjs";
import { freePort, head, mqttClient, mqttSubscriber, startBroker, until } from "./harness.mjs";
import { follow, open } from "./library.mjs";

const artifacts = process.env.RTBRIDGE_ARTIFACTS ?? fileURLToPath(new URL("../../build/artifacts", import.meta.url));
const rules = `
[[rule]]
name = "plant"
topics = ["plant/#"]
history = { last = 1000 }
`;
const config = `${head}${rules}`;
const numbers = (log) => log.filter((entry) => typeof entry === "number");

// Sockets of the library that a test can cut.
function cuttable() {
  const sockets = [];
  class Socket extends WebSocket {
    constructor(...values) {
      super(...values);
      sockets.push(this);
    }
  }
  return { Socket, sockets };
}

test("newest values, live ones, publish, get and stats", async (t) => {
  const broker = await startBroker(t, { rtbridge: config });
  const device = await mqttClient(t, broker);
  const subscriber = await mqttSubscriber(t, broker, "plant/+/cmd");
  await device.publishAsync("plant/1/soc", '{"soc":70}', { qos: 1 });
  const { rt, status } = open(t, broker.httpUrl, { name: "live test" });
  const session = await status("open");
  assert.ok(session.epoch);

  const soc = follow(rt, "plant/+/soc");
  await until("the newest value", () => soc.messages.length === 1);
  assert.equal(soc.log[0], "new");
  assert.deepEqual([soc.messages[0].topic, soc.messages[0].data, soc.messages[0].recovered],
    ["plant/1/soc", { soc: 70 }, true]);
  await device.publishAsync("plant/2/soc", '{"soc":71.5}', { qos: 1 });
  await until("the live value", () => soc.messages.length === 2);
  const { topic, data, ts, recovered } = soc.messages[1];
  assert.deepEqual([topic, data, recovered], ["plant/2/soc", { soc: 71.5 }, false]);
  assert.ok(Math.abs(ts - Date.now()) < 60_000);

  const late = follow(rt, "plant/+/soc");
  await until("the newest values for who comes later", () => late.messages.length === 2);

  const commands = follow(rt, "plant/+/cmd", { mode: "all" });
  await commands.has("new");
  await rt.publish("plant/7/cmd", { mode: "eco" }, { qos: 1 });
  assert.deepEqual((await subscriber.take(1))[0].text, '{"mode":"eco"}');
  await until("the command in browsers", () => commands.messages.length === 1);
  assert.deepEqual(commands.messages[0].data, { mode: "eco" });
  await assert.rejects(rt.publish("plant/+", 1), (error) => error.n === 102 || error.n === 107);

  const { items } = await rt.get("plant/+/soc");
  assert.deepEqual(items.map(({ topic, data }) => [topic, data]).sort(),
    [["plant/1/soc", { soc: 70 }], ["plant/2/soc", { soc: 71.5 }]]);
  assert.equal(typeof (await rt.stats()), "object");

  soc.unsubscribe();
  late.unsubscribe();
  await device.publishAsync("plant/2/soc", '{"soc":1}', { qos: 1 });
  await rt.stats(); // what was sent before has come
  assert.equal(soc.messages.length, 2);
});

test("connections that are cut lose nothing and bring nothing twice", async (t) => {
  const broker = await startBroker(t, { rtbridge: config });
  const device = await mqttClient(t, broker);
  const { Socket, sockets } = cuttable();
  const { rt } = open(t, broker.httpUrl, { WebSocket: Socket });
  const a = follow(rt, "plant/#", { mode: "all" });
  await a.has("new");

  const count = 500;
  for (let i = 1; i <= count; ++i) {
    await device.publishAsync("plant/n", String(i), { qos: 1 });
    if (i % 20 === 0 && i < count) sockets.at(-1).terminate(); // the last one is asked below
    if (i % 60 === 0) await until("a connection", () => rt.status === "open");
  }
  await until("all messages", () => a.messages.length >= count);
  await rt.stats();

  assert.deepEqual(a.messages.map(({ data }) => data), Array.from({ length: count }, (_, i) => i + 1));
  assert.ok(!a.log.includes("reset") && !a.log.includes("gap"), JSON.stringify(a.log));
  assert.ok(sockets.length > 8);
});

test("a broker that starts again means a reset, with the newest values of the new one", async (t) => {
  const port = await freePort();
  const rtbridge = `version = 1\n[listener]\nbind = "127.0.0.1:${port}"\n${rules}`;
  const first = await startBroker(t, { rtbridge });
  const device = await mqttClient(t, first);
  for (const value of [1, 2, 3]) await device.publishAsync("plant/1", String(value), { qos: 1 });
  const { rt, status } = open(t, first.httpUrl);
  const a = follow(rt, "plant/#");
  await until("the newest value", () => a.messages.length === 1);

  await first.stop();
  assert.equal((await status("waiting")).code, 4200);
  const second = await startBroker(t, { rtbridge });
  await status("open", 2);
  await until("the reset", () => a.log.includes("reset"));
  const again = await mqttClient(t, second);
  await again.publishAsync("plant/1", "10", { qos: 1 });
  await until("a value of the new process", () => a.messages.at(-1).data === 10);
  assert.equal(numbers(a.log).length, 2);
});

test("a page of another port in Chromium imports the library, shows values and survives a cut", async (t) => {
  const broker = await startBroker(t, { rtbridge: config });
  const device = await mqttClient(t, broker);
  await device.publishAsync("plant/1/soc", '{"soc":70}', { qos: 1 });
  const html = `<!doctype html><link rel="icon" href="data:,"><h1 id="status"></h1><ul id="values"></ul>
    <script type="module">
      import { connect } from "${broker.httpUrl}/rtbridge.js";
      const element = (id) => document.getElementById(id);
      globalThis.rt = connect({ onstatus: (status) => (element("status").textContent = status) });
      rt.subscribe("plant/+/soc", ({ topic, data }) => {
        const id = topic.replaceAll("/", "-");
        const row = element(id) ?? element("values").appendChild(Object.assign(document.createElement("li"), { id }));
        row.textContent = topic + ": " + data.soc;
      });
    </script>`;
  const web = http.createServer((_, response) => response.setHeader("Content-Type", "text/html").end(html));
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  const browser = await launchChromium();
  t.after(async () => {
    await browser.close();
    web.close();
  });
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));

  await page.goto(`http://127.0.0.1:${web.address().port}/`);
  await shows(page.locator("#status"), "open");
  await shows(page.locator("#plant-1-soc"), "plant/1/soc: 70");
  await device.publishAsync("plant/2/soc", '{"soc":71}', { qos: 1 });
  await shows(page.locator("#plant-2-soc"), "plant/2/soc: 71");
  await page.evaluate(() => globalThis.rt.publish("plant/2/soc", { soc: 72 }, { qos: 1 }));
  await shows(page.locator("#plant-2-soc"), "plant/2/soc: 72");

  await page.context().setOffline(true);
  await device.publishAsync("plant/1/soc", '{"soc":5}', { qos: 1 });
  await page.evaluate(() => globalThis.rt.reconnect());
  await until("the loss", async () => (await page.locator("#status").textContent()) !== "open");
  await page.context().setOffline(false);
  await shows(page.locator("#plant-1-soc"), "plant/1/soc: 5");
  await shows(page.locator("#status"), "open");
  await mkdir(artifacts, { recursive: true });
  await page.screenshot({ path: join(artifacts, "library.png") });
  assert.deepEqual(errors, []);
});

// As a proxy makes it that lets no WebSocket through.
class NoWebSocket {
  constructor() {
    setTimeout(() => this.onclose?.({ code: 1006, reason: "" }));
  }
  close() {}
}

test("server-sent events and POST, where no WebSocket gets through", async (t) => {
  const broker = await startBroker(t, { rtbridge: `${config}browser = { event = "soc" }\n` });
  const device = await mqttClient(t, broker);
  const subscriber = await mqttSubscriber(t, broker, "plant/+/cmd");
  await device.publishAsync("plant/1/soc", '{"soc":70}', { qos: 1 });
  const { rt, statuses, status } = open(t, broker.httpUrl, { WebSocket: NoWebSocket, EventSource });
  assert.deepEqual(await status("open"), { transport: "sse" });

  const soc = follow(rt, "plant/1/soc");
  await soc.has("new", 1);
  await device.publishAsync("plant/1/soc", '{"soc":71}', { qos: 1 });
  await soc.has("new", 1, 2);
  assert.deepEqual(soc.log, ["new", 1, 2]); // although the rule names an event
  assert.deepEqual(soc.messages.map(({ topic, data }) => [topic, data.soc]), [["plant/1/soc", 70], ["plant/1/soc", 71]]);
  await rt.publish("plant/1/cmd", { mode: "eco" });
  assert.equal((await subscriber.take(1))[0].text, '{"mode":"eco"}');
  assert.deepEqual((await broker.status()).sessions.by_transport, { sse: 1 });

  const before = statuses.length;
  rt.reconnect();
  await until("a way that works", () => statuses.slice(before).some(([name]) => name === "open"));
  await device.publishAsync("plant/1/soc", '{"soc":72}', { qos: 1 });
  await until("the next", () => soc.messages.at(-1).data.soc === 72);
  assert.deepEqual(numbers(soc.log), [1, 2, 4]);

  await broker.stop();
  const [, { code }] = await until("bye", () => statuses.find(([name, detail]) => name === "waiting" && detail?.code === 4200));
  assert.equal(code, 4200);
});
