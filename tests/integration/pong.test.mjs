// Two pages in Chromium that play Pong at 60 updates a second through one port: what one sends reaches
// the other complete and in order.

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium } from "./dashboard_page.mjs";
import { openBrowser, startBroker, until } from "./harness.mjs";

const artifacts = process.env.RTBRIDGE_ARTIFACTS ?? "artifacts";
const beside = (file) => fs.readFileSync(new URL(file, import.meta.url));
const frames = 180;
const all = Array.from({ length: frames }, (_, n) => n);

let browser;
before(async () => {
  browser = await launchChromium();
  await mkdir(artifacts, { recursive: true });
});
after(() => browser.close());

const start = (t) =>
  startBroker(t, {
    rtbridge: (mqttPort) => `[listener]
bind = "127.0.0.1:0"
www = "www"
[mqtt_tunnel]
to = "127.0.0.1:${mqttPort}"
[[rule]]
name = "pong"
topics = ["pong/#"]
`,
    files: {
      "www/index.html": beside("pong.html"),
      "www/mqtt.min.js": beside("node_modules/mqtt/dist/mqtt.min.js"),
    },
  });

async function play(t, broker, over) {
  const player = async (own, other) => {
    const page = await browser.newPage();
    t.after(() => page.close());
    await page.goto(`${broker.httpUrl}/?own=${own}&other=${other}&over=${over}`);
    await page.evaluate("ready.then(() => null)");
    return page;
  };
  const players = await Promise.all([player("left", "right"), player("right", "left")]);
  await Promise.all(players.map((page) => page.evaluate(`play(${frames})`)));
  for (const page of players) {
    await until("all frames", async () => (await page.evaluate("received.length")) >= frames);
    assert.deepEqual(await page.evaluate("received"), all);
  }
  await players[1].screenshot({ path: join(artifacts, `pong-${over}.png`) });
}

test("through the tunnel, and /ws shows the same topics", async (t) => {
  const broker = await start(t);
  const watcher = await openBrowser(t, `${broker.wsUrl}/ws?topic=pong/left`);
  await play(t, broker, "mqtt");
  await until("all in /ws", () => watcher.frames.length >= frames);
  assert.deepEqual(watcher.frames.map((frame) => JSON.parse(frame).n), all);
});

test("through rtbridge.v1", async (t) => {
  await play(t, await start(t), "v1");
});
