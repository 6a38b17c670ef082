// [[http.route]]: requests that publish, and that ask for the newest value.

import assert from "node:assert/strict";
import { test } from "node:test";
import { get, head, mqttClient, mqttSubscriber, openBrowser, refusedStart, request, startBroker, until } from "./harness.mjs";
import { exchange } from "./raw_socket.mjs";

const json = { "Content-Type": "application/json" };
const form = { "Content-Type": "application/x-www-form-urlencoded" };
const matches = `
[[rule]]
name = "matches"
topics = ["matches/{id}"]
[[http.route]]
method = "POST"
path = "/match"
publish = "matches/{body.matchId}"
payload = "{body.score}"
qos = 1
reply = { status = "Match updated", topic = "{topic}", score = "{body.score}" }
[[http.route]]
method = "GET"
path = "/match/{id}"
latest = "matches/{id}"
`;

const post = (broker, path, body, headers = json) =>
  request("POST", `${broker.httpUrl}${path}`, headers, typeof body === "string" ? body : JSON.stringify(body));

test("POST publishes to MQTT subscribers and browsers, GET answers the newest value", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + matches });
  const subscriber = await mqttSubscriber(t, broker, "matches/#");
  const browser = await openBrowser(t, `${broker.wsUrl}/ws`);
  assert.equal((await get(`${broker.httpUrl}/match/7`)).status, 404);

  const answer = await post(broker, "/match", { matchId: 7, score: { home: 2, away: 1 } });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { status: "Match updated", topic: "matches/7", score: { home: 2, away: 1 } });

  assert.deepEqual(await subscriber.take(1), [{ topic: "matches/7", text: '{"home":2,"away":1}', qos: 1, retain: false }]);
  assert.deepEqual(await browser.next(), { home: 2, away: 1 });
  const newest = await until("the newest value", async () => {
    const found = await get(`${broker.httpUrl}/match/7`);
    return found.status === 200 && found;
  });
  assert.deepEqual(newest.json, { home: 2, away: 1 });
  assert.equal((await get(`${broker.httpUrl}/match/8`)).status, 404);

  // What a device publishes is a newest value as well.
  const device = await mqttClient(t, broker);
  device.publish("matches/8", "3-0");
  await until("the device's value", async () => (await get(`${broker.httpUrl}/match/8`)).json === "3-0");
});

test("a form publishes as a page sends it, and every field that is wrong is named", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + matches });
  const subscriber = await mqttSubscriber(t, broker, "matches/#");
  const origin = { ...form, Origin: broker.httpUrl, "Sec-Fetch-Site": "same-origin" };

  assert.equal((await post(broker, "/match", "matchId=m+1&score=2-1", origin)).status, 200);
  assert.deepEqual((await subscriber.take(1)).map(({ topic, text }) => [topic, text]), [["matches/m 1", "2-1"]]);

  const missing = await post(broker, "/match", "other=1", origin);
  assert.equal(missing.status, 400);
  assert.deepEqual(missing.json.error, {
    code: "bad_request",
    message: '"matchId" is missing; "score" is missing',
    fields: { matchId: "is missing", score: "is missing" },
  });
  for (const [id, why] of [["a/b", /contains '\/'/], ["", /empty/], ["+", /'\+'/], ["#", /'#'/], ["a\u0001", /control/]]) {
    const { status, json: { error } } = await post(broker, "/match", { matchId: id, score: 1 });
    assert.equal(status, 400);
    assert.match(error.fields.matchId, why);
  }
  assert.equal((await post(broker, "/match", "{")).status, 400);
  assert.equal((await post(broker, "/match", "matchId=1", { "Content-Type": "text/plain" })).status, 415);
  assert.deepEqual(await subscriber.take(0), []);
});

test("pages of other sites publish nothing, those of a named origin may", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: head.replace("[listener]\n", '[listener]\norigins = ["http://shop.example"]\n') + matches,
  });
  const evil = { ...form, Origin: "http://evil.example" };
  assert.equal((await post(broker, "/match", "matchId=1&score=1", evil)).status, 403);
  assert.equal((await post(broker, "/match", "matchId=1&score=1", { ...form, Origin: "null" })).status, 403);
  assert.equal((await post(broker, "/match", "matchId=1&score=1", { ...form, "Sec-Fetch-Site": "cross-site" })).status, 403);
  assert.equal((await post(broker, "/match", "matchId=1&score=1", { ...form, Host: "evil.example" })).status, 403);

  const shop = { Origin: "http://shop.example" };
  const preflight = await request("OPTIONS", `${broker.httpUrl}/match`, { ...shop, "Access-Control-Request-Method": "POST" });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers["access-control-allow-methods"], "POST");
  assert.equal(preflight.headers["access-control-allow-origin"], "http://shop.example");
  const answer = await post(broker, "/match", { matchId: 1, score: 1 }, { ...json, ...shop });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["access-control-allow-origin"], "http://shop.example");
});

test("permissions, methods, limits: as for every request", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}[limits]\nbody = "1KiB"\n[auth]\nanonymous = "role:viewer"\n[acl]\n[[acl.rule]]\n`
      + 'allow = ["receive", "subscribe"]\ntopics = ["matches/1"]\n'
      + `[[acl.rule]]\nallow = ["publish"]\ntopics = ["matches/2"]\n${matches}`,
  });

  assert.equal((await post(broker, "/match", { matchId: 1, score: 1 })).status, 403);
  assert.equal((await get(`${broker.httpUrl}/match/2`)).status, 403);
  assert.equal((await get(`${broker.httpUrl}/match/1`)).status, 404);
  assert.equal((await post(broker, "/match/1", {})).status, 405);
  assert.equal((await request("PUT", `${broker.httpUrl}/match`, json, "{}")).status, 405);
  assert.equal((await get(`${broker.httpUrl}/match`)).headers.allow, "POST, OPTIONS");
  assert.equal((await post(broker, "/match", { matchId: 2, score: "x".repeat(2000) })).status, 413);
  const { statuses } = await exchange(t, broker,
    "POST /match HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
  assert.deepEqual(statuses, [411]);
  assert.equal((await post(broker, "/match", { matchId: 2, score: 5 })).status, 200);
});

test("a reload brings other routes; one with a mistake changes nothing", async (t) => {
  const broker = await startBroker(t, { rtbridge: head + matches });
  let status = await broker.reload(`${head}${matches}[[http.route]]\nmethod = "GET"\npath = "/match/{other}"\nlatest = "t"\n`);
  assert.equal(status.reload.ok, false);
  assert.match(status.reload.error, /path "\/match\/\{other\}" means the same as that of the route at /);
  assert.equal((await post(broker, "/match", { matchId: 1, score: 1 })).status, 200);

  status = await broker.reload(`${head}[[http.route]]\nmethod = "POST"\npath = "/light/{room}/{state}"\n`
    + 'publish = "light/{room}"\npayload = "{state}"\nretain = true\n');
  assert.equal(status.reload.ok, true);
  assert.equal((await post(broker, "/match", { matchId: 1, score: 1 })).status, 404);
  const subscriber = await mqttSubscriber(t, broker, "light/#");
  assert.deepEqual((await request("POST", `${broker.httpUrl}/light/kitchen/on`)).json, { ok: true });
  assert.deepEqual((await subscriber.take(1)).map(({ topic, text }) => [topic, text]), [["light/kitchen", "on"]]);
});

test("included files hold routes, and mistakes have a place", async (t) => {
  const broker = await startBroker(t, { rtbridge: `include = ["more.toml"]\n${head}`, files: { "more.toml": matches } });
  assert.equal((await post(broker, "/match", { matchId: 1, score: 1 })).status, 200);

  const { log } = await refusedStart(t, { rtbridge: `${head}[[http.route]]\nmethod = "POST"\npath = "/api/match"\npublish = "t"\n` });
  assert.match(log, /rtbridge\.toml:6:8: error: path "\/api\/match" would take rtbridge's own \/api\//);
});

test("POST /api/publish takes a form as well", async (t) => {
  const broker = await startBroker(t);
  const subscriber = await mqttSubscriber(t, broker, "#");
  assert.deepEqual((await post(broker, "/api/publish", "topic=a%2Fb&payload=x+y&qos=1", form)).json, { ok: true });
  assert.deepEqual((await subscriber.take(1)).map(({ topic, text }) => [topic, text]), [["a/b", "x y"]]);
  const { status, json: { error } } = await post(broker, "/api/publish", "qos=3", form);
  assert.equal(status, 400);
  assert.deepEqual(error.fields, { topic: "is missing", qos: "must be 0, 1 or 2" });
});
