// Browsers behind a proxy that the operator trusts, and pages that come under a foreign name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { batteryRule, get, head, openBrowser, refusedUpgrade, startBroker, until } from "./harness.mjs";

const anyone = '[auth]\nanonymous = "role:viewer"\n';
const config = ({ listener = "", limits = "" }) => `${head}${listener}\n[limits]\n${limits}\n${anyone}${batteryRule}`;
const trusted = 'trusted_proxies = ["127.0.0.1", "192.0.2.0/24"]';
const start = (t, options) => startBroker(t, { rtbridge: config(options) });
const from = (address) => ({ headers: { "X-Forwarded-For": address } });

test("behind a trusted proxy each client has its own connections_per_ip, and the proxy none", async (t) => {
  const broker = await start(t, { listener: trusted, limits: "connections_per_ip = 2" });
  const url = `${broker.wsUrl}/ws`;

  const [first] = await Promise.all([
    openBrowser(t, url, from("203.0.113.1")),
    openBrowser(t, url, from("6.6.6.6, 203.0.113.1, 192.0.2.8")),
    openBrowser(t, url, from("203.0.113.2")),
    openBrowser(t, url, from("203.0.113.3")),
  ]);
  const refusal = await refusedUpgrade(url, from("203.0.113.1"));

  assert.equal(refusal.status, 429);
  assert.ok(Number(refusal.headers["retry-after"]) > 0);
  const { status } = await get(`${broker.httpUrl}/api/status`, from("203.0.113.1").headers);
  assert.equal(status, 429);
  assert.equal((await broker.status()).limits.connections_per_ip, 2);
  first.ws.close();
  await until("the place to be free", () => openBrowser(t, url, from("203.0.113.1")).catch(() => undefined));
});

test("without trust the header gives nobody another address", async (t) => {
  const broker = await start(t, { listener: 'trusted_proxies = ["192.0.2.0/24"]', limits: "connections_per_ip = 1" });
  await openBrowser(t, `${broker.wsUrl}/ws`, from("203.0.113.1"));

  const refusal = await refusedUpgrade(`${broker.wsUrl}/ws`, from("203.0.113.2"));

  assert.equal(refusal.status, 429);
});

test("what a trusted proxy says that is no address leaves the proxy's own", async (t) => {
  const broker = await start(t, { listener: trusted, limits: "connections_per_ip = 1" });
  await openBrowser(t, `${broker.wsUrl}/ws`, from("unknown"));

  assert.equal((await refusedUpgrade(`${broker.wsUrl}/ws`, from("203.0.113.1, _hidden"))).status, 429);
});

test("a trusted proxy makes nobody local: without [auth] its clients are refused", async (t) => {
  const broker = await startBroker(t, { rtbridge: `${head}${trusted}\n${batteryRule}` });

  assert.equal((await get(`${broker.httpUrl}/api/status`, from("127.0.0.1").headers)).status, 403);
});

test("on a loopback bind a foreign Host is refused with [auth] too, until it is named or proxied", async (t) => {
  const host = { Host: "panel.example:8080" };
  const page = { ...host, Origin: "http://panel.example:8080" }; // rebound to 127.0.0.1, so of the same origin
  const strict = await start(t, {});
  const named = await start(t, { listener: 'origins = ["http://panel.example:8080"]' });
  const proxied = await start(t, { listener: trusted });

  for (const headers of [host, page]) {
    const { status, json } = await get(`${strict.httpUrl}/api/status`, headers);
    assert.equal(status, 403);
    assert.match(json.error.message, /listener\.origins/);
    assert.equal((await refusedUpgrade(`${strict.wsUrl}/ws`, { headers })).status, 403);
    for (const broker of [named, proxied]) {
      assert.equal((await get(`${broker.httpUrl}/api/status`, headers)).status, 200);
    }
  }
  assert.equal((await get(`${strict.httpUrl}/healthz`, page)).status, 200);
  assert.equal((await get(`${strict.httpUrl}/api/status`, { Host: "localhost" })).status, 200);
});
