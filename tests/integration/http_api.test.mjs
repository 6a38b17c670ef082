// The HTTP side of the listener: status, newest values, health, and refusals as JSON.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  battery, batteryRule, get, head, mqttClient, openBrowser, request, startBroker, until,
} from "./harness.mjs";

async function started(t, options) {
  const broker = await startBroker(t, options);
  const device = await mqttClient(t, broker);
  const publish = (topic, payload) => device.publishAsync(topic, payload, { qos: 1 });
  return { broker, publish, api: (path, headers) => get(`${broker.httpUrl}${path}`, headers) };
}

test("/api/status says what runs, who is there and what happened to the messages", async (t) => {
  const { broker, publish, api } = await started(t);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  await publish("battery/topic", battery("user-1", 5));
  await publish("elsewhere", "{}");
  await browser.next();

  const { status, json } = await api("/api/status");

  assert.equal(status, 200);
  assert.match(json.version, /^\d+\.\d+\.\d+/);
  assert.ok(json.uptime_s >= 0);
  assert.equal(json.generation, 1);
  assert.equal(json.reload.ok, true);
  assert.ok("at" in json.reload && "error" in json.reload);
  assert.deepEqual(json.restart_required, []);
  assert.equal(json.sessions.total, 1);
  assert.equal(json.sessions.by_transport.websocket, 1);
  const { in: incoming, matched, out, dropped, conflated } = json.messages;
  assert.deepEqual({ incoming, matched, out, dropped, conflated }, {
    incoming: 2, matched: 1, out: 1, dropped: 0, conflated: 0,
  });
  assert.ok(Object.values(json.limits).every((count) => count === 0), JSON.stringify(json.limits));
  assert.deepEqual(json.rules.map((rule) => rule.name), ["battery"]);
});

test("/api/latest gives the newest update of each topic and key", async (t) => {
  const { publish, api } = await started(t);
  await publish("battery/topic", battery("user-1", 5));
  await publish("battery/topic", battery("user-1", -5));
  await publish("battery/topic", battery("user-2", 0));

  const { json } = await until("both users", async () => {
    const answer = await api("/api/latest?topic=battery%2F%23");
    return answer.json.items.length === 2 && answer;
  });

  assert.deepEqual(
    json.items.map(({ topic, key, data }) => [topic, key, data.state]),
    [["battery/topic", "user-1", "Discharging"], ["battery/topic", "user-2", "Idle"]],
  );
  assert.ok(json.items.every(({ offset, ts }) => offset > 0 && Math.abs(Date.now() - ts) < 60_000));
  assert.equal(json.next ?? null, null);
});

test("/api/latest is read in pages", async (t) => {
  const { broker, publish, api } = await started(t, {
    rtbridge: `${head}[[rule]]\nname = "plant"\ntopics = ["plant/#"]\n`,
  });
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  const topics = ["plant/1", "plant/2", "plant/3", "plant/4", "plant/5"];
  for (const topic of topics) {
    await publish(topic, "{}");
    await browser.next();
  }

  const seen = [];
  let after = "";
  do {
    const { json } = await api(`/api/latest?topic=plant%2F%23&limit=2${after}`);
    assert.ok(json.items.length <= 2);
    seen.push(...json.items.map(({ topic }) => topic));
    after = json.next == null ? "" : `&after=${encodeURIComponent(json.next)}`;
  } while (after !== "");

  assert.deepEqual(seen, topics);
});

test("/api/latest refuses a filter that is missing or wrong", async (t) => {
  const { api } = await started(t);

  for (const query of ["?topic=a%23", "?topic=", "?tpoic=a"]) {
    const { status, json } = await api(`/api/latest${query}`);
    assert.equal(status, 400, query);
    assert.equal(typeof json.error.code, "string");
  }
});

test("/websocket/status is exactly what the sensor dashboard expects", async (t) => {
  const { broker, api } = await started(t);
  await openBrowser(t, `${broker.wsUrl}/ws`);

  const { text } = await api("/websocket/status");

  assert.deepEqual(JSON.parse(text), {
    success: true, connectedClients: 1, websocketEnabled: true,
  });
});

test("/healthz and /readyz are good while the broker runs", async (t) => {
  const { api } = await started(t);

  assert.equal((await api("/healthz")).status, 200);
  await until("ready", async () => (await api("/readyz")).status === 200);
});

test("/readyz gives the reason when the configuration on disk is broken", async (t) => {
  const { broker, api } = await started(t);

  await broker.reload("broken");
  const { status, text } = await api("/readyz");
  assert.equal(status, 503);
  assert.match(text, /config/);

  await broker.reload(`${head}${batteryRule}`);
  assert.equal((await api("/readyz")).status, 200);
});

test("an unknown path is 404 and a wrong method 405, both as JSON", async (t) => {
  const { broker, api } = await started(t);

  const missing = await api("/nothing/here");
  assert.equal(missing.status, 404);
  assert.equal(missing.json.error.code, "not_found");

  for (const method of ["POST", "DELETE", "PUT"]) {
    const { status, headers, json } = await request(method, `${broker.httpUrl}/api/status`);
    assert.equal(status, 405, method);
    assert.match(headers.allow, /GET/);
    assert.equal(typeof json.error.message, "string");
  }
});

test("paths cannot climb out of what is served", async (t) => {
  const { api } = await started(t);

  for (const path of ["/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd"]) {
    const { status, text } = await api(path);
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    assert.doesNotMatch(text, /root:/);
  }
});

test("every answer carries the security headers, the page a content policy", async (t) => {
  const { api } = await started(t);

  for (const path of ["/", "/api/status", "/nothing"]) {
    const { headers } = await api(path);
    assert.equal(headers["x-content-type-options"], "nosniff", path);
  }
  const page = await api("/");
  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.match(page.headers["content-security-policy"], /default-src/);
});

test("the page can be turned off", async (t) => {
  const { api } = await started(t, { rtbridge: `${head}dashboard = false\n${batteryRule}` });

  assert.equal((await api("/")).status, 404);
});

test("without [auth], a request under another name or through a proxy is refused", async (t) => {
  const { api } = await started(t);

  for (const headers of [{ host: "rebound.example:8080" }, { "x-forwarded-for": "203.0.113.9" }]) {
    const { status, json } = await api("/api/status", headers);
    assert.equal(status, 403);
    assert.equal(json.error.code, "forbidden");
  }
  assert.equal((await api("/api/status", { host: "localhost" })).status, 200);
});

test("headers over limits.header are refused", async (t) => {
  const { broker, api } = await started(t, {
    rtbridge: `${head}[limits]\nheader = "4KiB"\n${batteryRule}`,
  });

  const refused = await api("/healthz", { "x-long": "x".repeat(8000) }).then(
    ({ status }) => status === 431,
    () => true, // or hung up on
  );

  assert.ok(refused);
  assert.equal((await get(`${broker.httpUrl}/healthz`)).status, 200);
});
