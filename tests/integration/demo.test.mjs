// conf/demo/run.sh as somebody runs it who has just cloned the repository.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as net from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort, get, openBrowser, until, within } from "./harness.mjs";

const script = fileURLToPath(new URL("../../conf/demo/run.sh", import.meta.url));
const buildMs = 15 * 60_000; // installs and compiles the first time

function startDemo(t, ports, ...args) {
  const child = spawn(script, args, {
    env: { ...process.env, RTBRIDGE_PORT: String(ports.http), MQTT_PORT: String(ports.mqtt) },
  });
  t.after(() => child.kill("SIGTERM"));
  const demo = { child, output: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => (demo.output += text));
  }
  demo.ended = once(child, "close").then(([code]) => code);
  return demo;
}

async function runningDemo(t) {
  const ports = { http: await freePort(), mqtt: await freePort() };
  const demo = startDemo(t, ports, "--seconds", "60");
  await until("the demo to start", () => {
    if (demo.child.exitCode !== null) throw new Error(demo.output);
    return demo.output.includes("Ctrl-C stops everything");
  }, buildMs);
  return { demo, ports };
}

test("an existing page finds its battery live at the address that the demo prints", async (t) => {
  const { demo, ports } = await runningDemo(t);
  assert.ok(demo.output.includes(`http://localhost:${ports.http}/`));

  const browser = await openBrowser(t, `ws://127.0.0.1:${ports.http}/ws?userId=user-1`);
  const frames = [await browser.next(), await browser.next(), await browser.next()];

  for (const { userId, batteryPercent, batteryPower, state } of frames) {
    assert.equal(userId, "user-1");
    assert.ok(batteryPercent >= 0 && batteryPercent <= 100);
    assert.equal(state, batteryPower > 0 ? "Charging" : batteryPower < 0 ? "Discharging" : "Idle");
  }
  const { json } = await get(`http://127.0.0.1:${ports.http}/api/latest?topic=battery%2Ftopic`);
  assert.deepEqual(
    json.items.map(({ key }) => key).sort(),
    ["user-1", "user-2", "user-3", "user-4", "user-5", "user-6"],
  );
  assert.equal((await get(`http://127.0.0.1:${ports.http}/`)).status, 200);
});

test("Ctrl-C stops everything that the demo started", async (t) => {
  const { demo, ports } = await runningDemo(t);

  demo.child.kill("SIGINT");

  assert.equal(await within("end of the demo", demo.ended), 0);
  for (const port of [ports.http, ports.mqtt]) {
    const [error] = await once(net.connect(port, "127.0.0.1"), "error");
    assert.equal(error.code, "ECONNREFUSED");
  }
});

test("a taken port is said so, with the way to choose another", async (t) => {
  const squatter = net.createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  t.after(() => squatter.close());
  const taken = squatter.address().port;

  const http = startDemo(t, { http: taken, mqtt: await freePort() });
  assert.equal(await within("end of the demo", http.ended), 1);
  assert.match(http.output, new RegExp(`port ${taken} is taken.*\n.*RTBRIDGE_PORT=`));

  const mqtt = startDemo(t, { http: await freePort(), mqtt: taken });
  assert.equal(await within("end of the demo", mqtt.ended), 1);
  assert.match(mqtt.output, new RegExp(`port ${taken} is taken.*\n.*MQTT_PORT=`));
});
