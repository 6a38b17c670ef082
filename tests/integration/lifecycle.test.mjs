// A whole life in one test, small enough to run under valgrind or a sanitizer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { battery, batteryRule, head, mqttClient, openBrowser, startBroker } from "./harness.mjs";

test("load, publish, push, reload, refuse a reload, unload: nothing is left behind", async (t) => {
  const replacing = `${head}${batteryRule}mqtt = "replace"\nset = { site = "north" }\n`;
  const broker = await startBroker(t, { rtbridge: replacing });
  const device = await mqttClient(t, broker);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws?userId=user-1`);

  for (const payload of [battery("user-1", 5), "{broken", "", battery("user-1", -5)]) {
    await device.publishAsync("battery/topic", payload, { qos: 1 });
  }
  assert.equal((await browser.next()).state, "Charging");
  assert.equal((await browser.next()).state, "Discharging");
  assert.equal((await broker.reload()).generation, 2);
  assert.equal((await broker.reload("broken")).reload.ok, false);

  // The code is the verdict of valgrind or the sanitizer, where one runs.
  assert.deepEqual(await broker.stop(), { code: 0, signal: null });
  assert.equal((await browser.wasClosed()).code, 4200);
});
