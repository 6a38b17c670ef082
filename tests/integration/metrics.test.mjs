// The figures at /metrics and in /api/status move as they should, and Prometheus can read them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import {
  battery,
  batteryRule,
  get,
  head,
  mqttClient,
  openBrowser,
  request,
  startBroker,
  until,
} from "./harness.mjs";
import { frame, rawTalk, rawWebSocket } from "./raw_socket.mjs";

const dashboard = new URL("../../conf/grafana/rtbridge.json", import.meta.url);
const strictRule = `
[[rule]]
name = "strict"
topics = ["strict/#"]
battery = {}
on_invalid = "drop"
`;

// Series as written -> value.
async function metrics(broker) {
  const { status, headers, text } = await get(`${broker.httpUrl}/metrics`);
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  const lines = text.split("\n").filter((line) => line && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => {
    const end = line.lastIndexOf(" ");
    return [line.slice(0, end), Number(line.slice(end + 1))];
  }));
}

// Once `series` has `value`: what is counted is seen a moment later.
const metricsWith = (broker, series, value) =>
  until(`${series} ${value}`, async () => {
    const all = await metrics(broker);
    return all[series] === value && all;
  });

async function started(t, rtbridge = `${head}${batteryRule}${strictRule}`) {
  const broker = await startBroker(t, { rtbridge });
  return { broker, client: await mqttClient(t, broker) };
}

test("messages, deliveries, bytes, values and times are counted", async (t) => {
  const { broker, client } = await started(t);
  const browsers = [
    await openBrowser(t, `${broker.wsUrl}/ws?userId=anna`),
    await openBrowser(t, `${broker.wsUrl}/ws?userId=anna`),
  ];
  const before = await metrics(broker);
  assert.equal(before['rtbridge_sessions{transport="websocket"}'], 2);
  assert.equal(before.rtbridge_subscriptions, 2);
  assert.equal(before.rtbridge_updates_out_total, 0);

  const count = 40;
  for (let i = 0; i < count; ++i) await client.publishAsync("battery/topic", battery("anna", i), { qos: 1 });
  await client.publishAsync("battery/topic", "no JSON", { qos: 1 });
  await client.publishAsync("strict/topic", "no JSON", { qos: 0 });
  await client.publishAsync("elsewhere", "1", { qos: 1 });
  for (const browser of browsers) {
    await until("all updates", () => browser.frames.length >= count);
  }

  const all = await metricsWith(broker, "rtbridge_messages_in_total", count + 3);
  const payload = battery("anna", 10).length;
  assert.equal(all.rtbridge_messages_matched_total, count + 2);
  assert.equal(all.rtbridge_messages_invalid_total, 2);
  assert.equal(all.rtbridge_messages_dropped_total, 1);
  assert.equal(all.rtbridge_updates_out_total, 2 * count);
  assert.equal(all['rtbridge_rule_matched_total{rule="battery"}'], count + 1);
  assert.equal(all['rtbridge_rule_ok_total{rule="battery"}'], count);
  assert.equal(all['rtbridge_rule_invalid_total{rule="battery"}'], 1);
  assert.equal(all['rtbridge_rule_dropped_total{rule="strict"}'], 1);
  assert.ok(all['rtbridge_sent_bytes_total{protocol="websocket"}'] > 2 * count * payload);
  assert.ok(all['rtbridge_sent_bytes_total{protocol="http"}'] > before['rtbridge_sent_bytes_total{protocol="http"}']);
  assert.equal(all['rtbridge_mailbox_depth{listener="0"}'], 0);
  assert.ok(all['rtbridge_values{listener="0"}'] >= 1);
  assert.ok(all['rtbridge_values_bytes{listener="0"}'] > payload);
  assert.equal(all.rtbridge_queue_bytes, 0);

  // One in 17 publishes is timed on the broker's thread; the write to browsers is timed once per update.
  assert.equal(all.rtbridge_broker_thread_seconds_count, Math.ceil((count + 3) / 17));
  assert.ok(all.rtbridge_broker_thread_seconds_sum > 0);
  assert.equal(all.rtbridge_publish_to_write_seconds_count, count);
  assert.equal(all['rtbridge_publish_to_write_seconds_bucket{le="10"}'], count);
  assert.ok(all.rtbridge_publish_to_write_seconds_sum > 0);
  assert.ok(all.rtbridge_uptime_seconds > 0);
  assert.ok(Math.abs(all.rtbridge_start_time_seconds + all.rtbridge_uptime_seconds - Date.now() / 1000) < 5);
  assert.ok(all.process_resident_memory_bytes > 1e6);
  assert.ok(all.process_cpu_seconds_total > 0);

  const status = await broker.status();
  assert.equal(status.latency.publish_to_write.count, count);
  assert.ok(status.latency.publish_to_write.p50_us > 0);
  assert.ok(status.latency.publish_to_write.p99_us >= status.latency.publish_to_write.p50_us);
  assert.ok(status.latency.broker_thread.p99_us > 0);
  assert.equal(status.bytes.sent.websocket, all['rtbridge_sent_bytes_total{protocol="websocket"}']);
  assert.deepEqual(status.queue, { bytes: 0, largest_bytes: 0 });
  assert.equal(status.listeners.length, 1);
  assert.equal(status.listeners[0].values, all['rtbridge_values{listener="0"}']);
  assert.equal(status.sessions.subscriptions, 2);
});

test("what browsers send is counted", async (t) => {
  const { broker } = await started(t);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  browser.ws.send("x".repeat(300));
  await metricsWith(broker, 'rtbridge_received_bytes_total{protocol="websocket"}', 300);

  const body = JSON.stringify({ user: "nobody", password: "nothing" });
  await request("POST", `${broker.httpUrl}/api/login`, {
    "content-type": "application/json",
    "content-length": body.length,
  }, body);
  await metricsWith(broker, 'rtbridge_received_bytes_total{protocol="http"}', body.length);
});

test("disconnects are counted by their close code, whoever closed", async (t) => {
  const { broker } = await started(t, `${head}[limits]\nframe = "1KiB"\n${batteryRule}`);
  const open = () => openBrowser(t, `${broker.wsUrl}/ws`);
  const ended = (code) => metricsWith(broker, `rtbridge_disconnects_total{code="${code}"}`, 1);

  (await open()).ws.close(1000);
  await ended("1000");
  (await open()).ws.close(); // a close frame without a code
  await ended("1005");
  (await open()).ws.close(4321, "made up");
  await ended("other");
  (await open()).ws.terminate();
  await ended("1006");
  (await open()).ws.send("x".repeat(5_000)); // more than limits.frame
  await ended("1009");
  const bad = await open();
  for (let i = 0; i < 3; ++i) bad.ws.send("no request");
  await ended("1008");
  const raw = await rawWebSocket(t, broker);
  raw.send(frame({ rsv: 4, payload: "x" })); // RFC 6455, 5.2
  await until("the close frame", () => raw.closeCode() === 1002);
  raw.socket.destroy();
  await ended("1002");

  const { disconnects, sessions } = await broker.status();
  assert.deepEqual(disconnects, {
    1000: 1, 1002: 1, 1005: 1, 1006: 1, 1008: 1, 1009: 1, other: 1,
  });
  assert.equal(sessions.total, 0);
  assert.equal(Object.keys(await metrics(broker)).filter((series) => series.includes('"4321"')).length, 0);
});

test("a session that is gone before it is served is no disconnect", async (t) => {
  const { broker } = await started(t);
  const raw = await rawTalk(t, broker);
  raw.send("GET /ws HTTP/1.1\r\nHost: localhost\r\n");
  raw.socket.destroy();
  await get(`${broker.httpUrl}/nowhere`);

  assert.deepEqual((await broker.status()).disconnects, {});
});

test("what a browser does not read shows as waiting, then as gaps", async (t) => {
  const limits = '[limits]\nqueue = { soft = "64KiB", hard = "256KiB", close_after = "30s" }\n';
  const { broker, client } = await started(t, `${head}${limits}${batteryRule}`);
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  browser.ws._socket.pause();

  const filler = "x".repeat(4_000);
  let sent = 0;
  const slow = 'rtbridge_gaps_total{reason="slow"}';
  const all = await until("a gap", async () => {
    for (let i = 0; i < 500; ++i) {
      await client.publishAsync("battery/topic", battery(`user-${sent++}`, 1, { filler }));
    }
    const now = await metrics(broker);
    return now[slow] > 0 && now;
  });

  assert.ok(all.rtbridge_queue_bytes > 0 && all.rtbridge_queue_bytes <= 256 * 1024);
  assert.equal(all.rtbridge_queue_bytes, all.rtbridge_queue_largest_bytes);
  assert.ok(all.rtbridge_updates_dropped_total > 0);
  assert.ok(all['rtbridge_limit_hits_total{name="queue.hard"}'] > 0);
  const { gaps, queue } = await broker.status();
  assert.ok(gaps.slow >= all[slow]);
  assert.ok(queue.bytes > 0);

  browser.ws.terminate();
  await metricsWith(broker, "rtbridge_queue_bytes", 0);
});

test("an update that is too large for any queue is a gap of its own reason", async (t) => {
  const limits = '[limits]\nqueue = { soft = "64KiB", hard = "64KiB" }\n';
  const { broker, client } = await started(t, `${head}${limits}${batteryRule}`);
  await openBrowser(t, `${broker.wsUrl}/ws`);

  await client.publishAsync("battery/topic", battery("anna", 1, { filler: "x".repeat(100_000) }), { qos: 1 });

  await metricsWith(broker, 'rtbridge_gaps_total{reason="too_large"}', 1);
  assert.equal((await broker.status()).gaps.too_large, 1);
});

test("a reload shows, and takes the rules that are gone with it", async (t) => {
  const { broker, client } = await started(t);
  await client.publishAsync("strict/topic", "no JSON");
  const before = await metricsWith(broker, 'rtbridge_rule_matched_total{rule="strict"}', 1);

  await broker.reload(`${head}${batteryRule}`);

  const after = await metrics(broker);
  assert.equal(after.rtbridge_config_generation, before.rtbridge_config_generation + 1);
  assert.ok(after.rtbridge_reload_time_seconds >= before.rtbridge_reload_time_seconds);
  assert.equal(after.rtbridge_reload_ok, 1);
  assert.equal(after['rtbridge_rule_matched_total{rule="strict"}'], undefined);
  assert.equal(after.rtbridge_messages_matched_total, 1);

  await broker.reload("version = 1\nmistake = 1\n");
  assert.equal((await metrics(broker)).rtbridge_reload_ok, 0);
});

test("only GET and HEAD are taken", async (t) => {
  const { broker } = await started(t);
  const url = `${broker.httpUrl}/metrics`;

  for (const method of ["POST", "PUT", "DELETE"]) {
    assert.equal((await request(method, url)).status, 405, method);
  }
  const { status, text } = await request("HEAD", url);
  assert.equal(status, 200);
  assert.equal(text, "");
});

test("without [auth] only this machine may read them", async (t) => {
  const { broker } = await started(t);
  const status = async (headers) => (await get(`${broker.httpUrl}/metrics`, headers)).status;

  assert.equal(await status({}), 200);
  assert.equal(await status({ origin: "http://evil.example" }), 403);
  assert.equal(await status({ host: "panel.example" }), 403);
  assert.ok([401, 403].includes(await status({ "x-forwarded-for": "203.0.113.9" })));
});

// promtool comes with Debian's package prometheus.
const promtool = process.env.RTBRIDGE_PROMTOOL ?? "promtool";
async function runPromtool(args, input) {
  const child = spawn(promtool, args, { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { code, output };
}
const noPromtool = await runPromtool(["--version"], "").then(
  () => false,
  () => "promtool is not here (Debian: package prometheus; or RTBRIDGE_PROMTOOL names it)",
);

test("promtool has nothing to say about /metrics", { skip: noPromtool }, async (t) => {
  const { broker, client } = await started(t);
  await openBrowser(t, `${broker.wsUrl}/ws`);
  await client.publishAsync("battery/topic", battery("anna", 1), { qos: 1 });
  await metricsWith(broker, "rtbridge_updates_out_total", 1);

  const { text } = await get(`${broker.httpUrl}/metrics`);

  assert.deepEqual(await runPromtool(["check", "metrics"], text), { code: 0, output: "" });
});

test("promtool takes every expression of the Grafana dashboard", { skip: noPromtool }, async (t) => {
  const { panels } = JSON.parse(fs.readFileSync(dashboard, "utf8"));
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length > 20);
  const rules = expressions.map((expr, i) => ({
    record: `panel_${i}`,
    expr: expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$(job|instance)/g, ".*"),
  }));
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-promtool-"));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  const file = path.join(directory, "rules.yml");
  fs.writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules }] })); // JSON is YAML

  const { code, output } = await runPromtool(["check", "rules", file], "");

  assert.equal(code, 0, output);
});
