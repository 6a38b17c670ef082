// Who a browser is, however it says so, and what it may see: one identity, one policy.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { basic, jwt, key, passwordLine, token } from "./credentials.mjs";
import {
  battery, batteryRule, get, head, mqttClient, openBrowser, rawConnection, refusedUpgrade,
  request, startBroker, until,
} from "./harness.mjs";

const roles = `
[[auth.role]]
user = "operator"
role = "operator"
`;
const plantRule = `
[[rule]]
name = "plant"
topics = ["plant/#"]
`;
// Everyone sees the batteries that are theirs, operators everything.
const acl = `
[acl]
[[acl.rule]]
role = "operator"
allow = ["receive", "subscribe", "admin"]
topics = ["#"]
[[acl.rule]]
allow = ["receive", "subscribe"]
topics = ["battery/#"]
keys = ["{user}"]
[[acl.rule]]
client = "*"
allow = ["publish", "publish_retained"]
topics = ["#"]
`;
const config = ({ auth = "", listener = "", limits = "", rules = acl, issuer = jwt } = {}) =>
  `${head}${listener}\n[limits]\n${limits}\n[auth]\npasswords_file = "passwords"\n${auth}\n` +
  `${roles}${issuer}${rules}${batteryRule}${plantRule}`;
const passwords = passwordLine("user-1", "secret one") + passwordLine("operator", "secret op");

async function started(t, options = {}, files = {}) {
  const broker = await startBroker(t, {
    rtbridge: config(options),
    files: { key, passwords, ...files },
  });
  const device = await mqttClient(t, broker);
  return {
    broker,
    ws: `${broker.wsUrl}/ws`,
    publish: (topic, payload) => device.publishAsync(topic, payload, { qos: 1 }),
  };
}

const bearer = (user, claims) => ({ authorization: `Bearer ${token(user, claims)}` });
const asJson = { "content-type": "application/json" };

async function login(broker, user, password, headers = {}) {
  return request("POST", `${broker.httpUrl}/api/login`, { ...asJson, ...headers },
    JSON.stringify({ user, password }));
}
const cookieOf = (reply) => reply.headers["set-cookie"][0].split(";")[0];

// With the configurations of this file /api/status needs a login.
async function statusOf(broker) {
  return (await get(`${broker.httpUrl}/api/status`, bearer("operator"))).json;
}
async function reload(broker, text) {
  broker.write("rtbridge.toml", text);
  const { generation } = await statusOf(broker);
  await broker.sighup();
  await until("the reload", async () => {
    const status = await statusOf(broker);
    return status?.generation > generation;
  });
}

test("without credentials the answer is 401 and names the ways to log in", async (t) => {
  const { broker, ws } = await started(t);

  const refused = await get(`${broker.httpUrl}/api/status`);
  assert.equal(refused.status, 401);
  assert.equal(refused.json.login, true);
  assert.match(refused.headers["www-authenticate"], /Bearer.*Basic/);
  const byScript = await get(`${broker.httpUrl}/api/status`, { "sec-fetch-mode": "cors" });
  assert.doesNotMatch(byScript.headers["www-authenticate"], /Basic/);

  assert.equal((await refusedUpgrade(ws)).status, 401);
  assert.equal((await get(`${broker.httpUrl}/healthz`)).status, 200);
  assert.equal((await get(`${broker.httpUrl}/`)).status, 200);
});

test("a token as bearer, as cookie or behind a ticket opens the same session", async (t) => {
  const { broker, ws, publish } = await started(t);
  await publish("battery/topic", battery("user-1", 5));
  await publish("battery/topic", battery("user-2", 5));
  const issued = await request("POST", `${broker.httpUrl}/api/ticket`, bearer("user-1"));
  assert.equal(issued.json.expires_in, 30);
  const { ticket } = issued.json;

  const browsers = [
    await openBrowser(t, ws, { headers: bearer("user-1") }),
    await openBrowser(t, ws, { headers: { cookie: `a=b; rtbridge=${token("user-1")}; c=d` } }),
    await openBrowser(t, `${ws}?userId=user-1&ticket=${ticket}`),
  ];

  await publish("battery/topic", battery("user-2", 6));
  await publish("battery/topic", battery("user-1", 7));
  for (const browser of browsers) {
    assert.equal((await browser.next()).batteryPower, 5);
    const live = await browser.next();
    assert.deepEqual([live.userId, live.batteryPower], ["user-1", 7]);
  }
  assert.equal((await refusedUpgrade(`${ws}?ticket=${ticket}`)).status, 401); // once only
});

test("a token in the URL is refused unless the operator allows it", async (t) => {
  const { broker, ws } = await started(t);
  const refused = await refusedUpgrade(`${ws}?token=${token("user-1")}`);
  assert.equal(refused.status, 400);
  assert.match(refused.json.error.message, /token_in_url/);

  await reload(broker, config({ auth: "token_in_url = true" }));
  await openBrowser(t, `${ws}?token=${token("user-1")}`);
  assert.equal((await refusedUpgrade(`${ws}?token=${token("user-1")}x`)).status, 401);
});

test("bad credentials are refused, also where browsers without any are let in", async (t) => {
  const { broker, ws } = await started(t, { auth: 'anonymous = "role:operator"' });
  await openBrowser(t, ws);
  const cases = [
    { authorization: `Bearer ${token("user-1", {}, { secret: "x".repeat(40) })}` },
    { authorization: `Bearer ${token("user-1", { exp: 1000 })}` },
    { authorization: `Bearer ${token("user-1", { aud: "other" })}` },
    { authorization: "Bearer" },
    { authorization: "Digest x" },
    { authorization: "Basic %%%" },
    { authorization: basic("user-1", "wrong") },
    { authorization: basic("nobody", "secret one") },
    { cookie: "rtbridge=nonsense" },
    // The first kind counts, so a good cookie does not heal a bad header.
    { authorization: "Bearer x", cookie: `rtbridge=${token("user-1")}` },
  ];
  for (const headers of cases) {
    assert.equal((await refusedUpgrade(ws, { headers })).status, 401, JSON.stringify(headers));
    const answer = await get(`${broker.httpUrl}/api/status`, headers);
    assert.equal(answer.status, 401, JSON.stringify(headers));
  }
});

test("an expired cookie is cleared with the 401", async (t) => {
  const { broker } = await started(t);
  const answer = await get(`${broker.httpUrl}/api/status`, {
    cookie: `rtbridge=${token("user-1", { exp: 1000 })}`,
  });

  assert.equal(answer.status, 401);
  assert.match(answer.headers["set-cookie"][0], /^rtbridge=;.*Max-Age=0/);
});

test("Basic works on HTTP and on the upgrade", async (t) => {
  const { broker, ws, publish } = await started(t);
  const headers = { authorization: basic("user-1", "secret one") };
  assert.equal((await get(`${broker.httpUrl}/api/status`, headers)).status, 200);
  const browser = await openBrowser(t, ws, { headers });

  await publish("battery/topic", battery("user-1", 5));

  assert.equal((await browser.next()).userId, "user-1");
});

test("a password that is slow to check does not hold up the upgrade, and decides all the same", async (t) => {
  const slow = passwordLine("user-1", "secret one", 100_000);
  const { broker, ws, publish } = await started(t, {}, { passwords: slow });
  await publish("battery/topic", battery("user-1", 5));

  const wrong = await openBrowser(t, ws, { headers: { authorization: basic("user-1", "no") } });
  assert.equal((await wrong.wasClosed()).code, 4001);
  assert.deepEqual(wrong.frames, []);
  const headers = { authorization: basic("user-1", "secret one") };
  const right = await openBrowser(t, ws, { headers });
  assert.equal((await right.next()).userId, "user-1");
  const forbidden = await openBrowser(t, `${ws}?topic=plant`, {
    headers: { authorization: basic("user-1", "no") },
  });
  assert.equal((await forbidden.wasClosed()).code, 4001);

  // Known for a while now: the upgrade is refused or granted at once.
  const refused = await refusedUpgrade(`${ws}?topic=plant`, { headers });
  assert.equal(refused.status, 403);
  assert.ok((await statusOf(broker)).limits.password_time >= 2);
});

test("a guess counts although nobody waited to hear whether it was right", async (t) => {
  const slow = passwordLine("user-1", "secret one", 100_000);
  const { broker, ws } = await started(t, { limits: "logins_per_minute = 3" }, { passwords: slow });
  for (let i = 0; i < 3; ++i) {
    const guess = await openBrowser(t, ws, { headers: { authorization: basic("user-1", "no") } });
    guess.ws.terminate();
  }

  await until("three refusals", async () => (await statusOf(broker)).access.logins_refused === 3);
  const next = await refusedUpgrade(ws, {
    headers: { authorization: basic("user-1", "secret one") },
  });

  assert.equal(next.status, 429);
});

test("a broker that stops does not wait for the passwords that are still to be checked", async (t) => {
  const slow = passwordLine("user-1", "secret one", 1_200_000); // many seconds for all of them
  const { broker, ws } = await started(t, {}, { passwords: slow });
  const headers = { authorization: basic("user-1", "no") };
  await Promise.all(Array.from({ length: 30 }, () => openBrowser(t, ws, { headers })));
  const before = Date.now();

  await broker.stop();

  assert.ok(Date.now() - before < 8000, `${Date.now() - before} ms`);
});

test("threads that check passwords get no signals", async (t) => {
  const { broker } = await started(t);
  await login(broker, "user-1", "secret one");

  const signals = readdirSync(`/proc/${broker.pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${broker.pid}/task/${thread}/status`, "utf8");
    return BigInt(`0x${/SigBlk:\s+(\w+)/.exec(status)[1]}`);
  });
  const urg = 1n << 22n; // one that mosquitto itself leaves open
  assert.ok(signals.length >= 3);
  assert.equal(signals.filter((blocked) => (blocked & urg) === 0n).length, 1); // the broker's own
});

test("login sets a cookie that works until logout", async (t) => {
  const { broker, ws } = await started(t);

  const reply = await login(broker, "user-1", "secret one");
  assert.equal(reply.status, 200);
  assert.equal(reply.json.user, "user-1");
  const attributes = reply.headers["set-cookie"][0];
  for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="]) {
    assert.ok(attributes.includes(part), attributes);
  }
  assert.doesNotMatch(attributes, /Secure/); // no TLS here
  const cookie = cookieOf(reply);
  await openBrowser(t, ws, { headers: { cookie } });
  assert.equal((await get(`${broker.httpUrl}/api/status`, { cookie })).status, 200);

  const logout = await request("POST", `${broker.httpUrl}/api/logout`, { cookie });
  assert.match(logout.headers["set-cookie"][0], /Max-Age=0/);
  assert.equal((await get(`${broker.httpUrl}/api/status`, { cookie })).status, 401);
  assert.equal((await refusedUpgrade(ws, { headers: { cookie } })).status, 401);
});

test("login refuses other content, other methods and bodies that are too large", async (t) => {
  const { broker } = await started(t, { limits: 'body = "1KiB"' });
  const url = `${broker.httpUrl}/api/login`;

  assert.equal((await request("POST", url, {}, "user=a&password=b")).status, 415);
  assert.equal((await request("POST", url, asJson, "{")).status, 400);
  assert.equal((await request("POST", url, asJson, '{"user":1,"password":"x"}')).status, 400);
  assert.equal((await request("POST", url, asJson, "")).status, 400);
  assert.equal((await get(url)).status, 405);
  const large = await request("POST", url, asJson, "x".repeat(3000));
  assert.equal(large.status, 413);
  assert.equal((await statusOf(broker)).limits.body, 1);
  const chunked = await request("POST", url, { ...asJson, "transfer-encoding": "chunked" }, "{}");
  assert.equal(chunked.status, 411);
});

test("a body that does not come is given up", async (t) => {
  const { broker } = await started(t, { limits: 'handshake_timeout = "500ms"' });
  const socket = await rawConnection(t, broker);
  socket.write("POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n{");

  await until("close", () => socket.closed);
  assert.equal((await statusOf(broker)).limits.handshake_timeout, 1);
});

test("requests that come together on one connection are each answered, once", async (t) => {
  const { broker } = await started(t);
  const socket = await rawConnection(t, broker);
  let text = "";
  socket.on("data", (data) => (text += data));
  const body = JSON.stringify({ user: "user-1", password: "secret one" });
  const post = `POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const slowGet = "GET /api/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: " +
    `${basic("operator", "secret op")}\r\n\r\n`;
  const answers = () => text.split("HTTP/1.1 200 ").length - 1;

  socket.write(slowGet);
  await until("the first answer", () => answers() === 1);
  socket.write(post);
  await until("the second answer", () => answers() === 2);
  socket.write("POST /api/logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  await until("the third answer", () => answers() === 3);
  socket.write(slowGet + slowGet);
  await until("the fourth and fifth answer", () => answers() === 5);
});

test("requests with a body that do not wait for the answer before end the connection, no more", async (t) => {
  const { broker } = await started(t);
  const body = JSON.stringify({ user: "user-1", password: "secret one" });
  const post = `POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  const healthz = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const status = "GET /api/status HTTP/1.1\r\nHost: localhost\r\nAuthorization: " +
    `${basic("operator", "secret op")}\r\n\r\n`;

  for (const parts of [[post + post], [post + healthz], [healthz + post], [status + post],
    [healthz + post.slice(0, -5), post.slice(-5)], [healthz + post, "x"],
    [healthz + post + healthz, status + post], [status + post, post]]) {
    const socket = await rawConnection(t, broker);
    socket.resume();
    for (const part of parts) {
      socket.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until("the end of the connection", () => socket.closed);
    assert.equal((await get(`${broker.httpUrl}/healthz`)).status, 200);
  }
});

test("an address that guesses passwords has to wait", async (t) => {
  const { broker, ws } = await started(t, { limits: "logins_per_minute = 3" });
  for (let i = 0; i < 3; ++i) assert.equal((await login(broker, "user-1", "no")).status, 401);

  const refused = await login(broker, "user-1", "secret one");
  assert.equal(refused.status, 429);
  assert.match(refused.headers["retry-after"], /^\d+$/);
  const headers = { authorization: basic("user-1", "secret one") };
  assert.equal((await refusedUpgrade(ws, { headers })).status, 429);

  await openBrowser(t, ws, { headers: bearer("user-1") }); // a token can't be guessed
  const status = await statusOf(broker);
  assert.ok(status.limits.logins_per_minute >= 2);
  assert.ok(status.access.logins_refused >= 3);
});

test("a user sees own batteries only; others' are refused before the upgrade, and logged", async (t) => {
  const { broker, ws } = await started(t);
  const headers = bearer("user-1");
  await openBrowser(t, `${ws}?userId=user-1`, { headers });

  for (const [query, names] of [["userId=user-2", "user-2"], ["topic=plant/%23", "plant/#"],
    ["userId=user-1&topic=plant/7", "plant/7"]]) {
    const { status, json } = await refusedUpgrade(`${ws}?${query}`, { headers });
    assert.equal(status, 403, query);
    assert.equal(json.error.code, "forbidden");
    assert.ok(json.error.message.includes(names), json.error.message);
  }
  await broker.waitForLog(/rtbridge: denied to user "user-1" at 127\.0\.0\.1: userId=user-2/);
  for (let i = 0; i < 5; ++i) await refusedUpgrade(`${ws}?userId=user-2`, { headers });
  assert.equal(broker.log().match(/userId=user-2/g).length, 1); // not once per try
  assert.ok((await statusOf(broker)).access.denied_browsers >= 8);
  await openBrowser(t, `${ws}?userId=user-2&topic=battery/topic`, { headers: bearer("operator") });
});

test("/api/latest and the snapshot hold what the identity may receive", async (t) => {
  const { broker, publish } = await started(t);
  await publish("battery/topic", battery("user-1", 5));
  await publish("battery/topic", battery("user-2", 5));
  await publish("plant/7", '{"n":1}');
  const keysFor = async (user) => {
    const { json } = await get(`${broker.httpUrl}/api/latest`, bearer(user));
    return json.items.map((item) => item.key);
  };

  assert.deepEqual(await keysFor("user-1"), ["user-1"]);
  assert.deepEqual(await keysFor("operator"), ["user-1", "user-2", null]);
  const forbidden = await get(`${broker.httpUrl}/api/latest?topic=plant/%23`, bearer("user-1"));
  assert.equal(forbidden.status, 403);
});

test("a session ends with its token, and a fresh token before that keeps it", async (t) => {
  const { ws, publish } = await started(t);
  const soon = () => Math.floor(Date.now() / 1000) + 2;
  const expires = await openBrowser(t, ws, { headers: bearer("user-1", { exp: soon() }) });
  const renewed = await openBrowser(t, ws, { headers: bearer("user-1", { exp: soon() }) });

  renewed.ws.send(JSON.stringify({ id: 7, op: "auth", token: token("user-2") }));
  assert.deepEqual((({ re, err }) => [re, err.code, err.n])(await renewed.next()), [7, "forbidden", 103]);
  renewed.ws.send(JSON.stringify({ op: "auth", token: "nonsense" }));
  assert.equal((await renewed.next()).err.code, "unauthorized");
  renewed.ws.send(JSON.stringify({ id: 8, op: "auth", token: token("user-1") }));
  const { re, ok } = await renewed.next();
  assert.equal(re, 8);
  assert.ok(ok.ttl > 500 && ok.ttl <= 600, `${ok.ttl}`);

  const closed = await expires.wasClosed();
  assert.deepEqual(closed, { code: 4202, reason: "token expired" });
  await publish("battery/topic", battery("user-1", 5));
  assert.equal((await renewed.next()).userId, "user-1");
});

test("a reload closes who lost access and nobody else", async (t) => {
  const { broker, ws, publish } = await started(t);
  await publish("plant/7", '{"n":1}');
  const plant = await openBrowser(t, `${ws}?topic=plant/%23`, { headers: bearer("operator") });
  const own = await openBrowser(t, ws, { headers: bearer("user-1") });
  const byPassword = await openBrowser(t, ws, {
    headers: { authorization: basic("user-1", "secret one") },
  });
  const { cookie } = { cookie: cookieOf(await login(broker, "user-1", "secret one")) };
  const byCookie = await openBrowser(t, ws, { headers: { cookie } });
  assert.deepEqual(await plant.next(), { n: 1 });
  const idsBefore = (await get(`${broker.httpUrl}/api/sessions`)).json.items.map((s) => s.id);

  broker.write("passwords", passwordLine("user-1", "another"));
  await reload(broker, config({ rules: acl.replace('topics = ["#"]', 'topics = ["battery/#"]') }));

  const closed = await plant.wasClosed();
  assert.equal(closed.code, 4003);
  assert.match(closed.reason, /plant\/#/);
  assert.equal((await byPassword.wasClosed()).code, 4003);
  assert.equal((await byCookie.wasClosed()).code, 4003);
  assert.equal((await get(`${broker.httpUrl}/api/status`, { cookie })).status, 401);
  await publish("battery/topic", battery("user-1", 5));
  assert.equal((await own.next()).userId, "user-1");
  assert.equal(own.frames.length, 1); // and no snapshot again
  const after = (await get(`${broker.httpUrl}/api/sessions`)).json.items.map((s) => s.id);
  assert.ok(after.length === 1 && idsBefore.includes(after[0]));
});

test("a reload with fewer rights filters what goes on", async (t) => {
  const { broker, ws, publish } = await started(t);
  const operator = await openBrowser(t, ws, { headers: bearer("operator") });
  await publish("plant/7", '{"n":1}');
  assert.deepEqual(await operator.next(), { n: 1 });

  await reload(broker, config({ rules: `${acl}[[acl.rule]]\ndeny = ["receive"]\ntopics = ["plant/#"]\n` }));
  await publish("plant/7", '{"n":2}');
  await publish("battery/topic", battery("user-1", 5));

  assert.equal((await operator.next()).userId, "user-1");
  assert.equal((await statusOf(broker)).access.filtered_browsers, 1);
});

test("tokens of an issuer that a reload removed do not come back", async (t) => {
  const { broker, ws } = await started(t);
  const session = await openBrowser(t, ws, { headers: bearer("user-1") });

  broker.write("rtbridge.toml", config({ issuer: "" }));
  await broker.sighup();

  assert.equal((await session.wasClosed()).code, 4003);
  assert.equal((await refusedUpgrade(ws, { headers: bearer("user-1") })).status, 401);
});

test("a key that is added to the file is found without a reload", async (t) => {
  const jwk = (kid, secret) =>
    ({ kty: "oct", kid, k: Buffer.from(secret).toString("base64url"), alg: "HS256" });
  const second = "another key of more than thirty-two bytes.";
  const { broker, ws } = await started(t, {}, { key: JSON.stringify({ keys: [jwk("1", key)] }) });
  const first = { authorization: `Bearer ${token("user-1", {}, { header: { kid: "1" } })}` };
  assert.equal((await get(`${broker.httpUrl}/api/status`, first)).status, 200);

  broker.write("key", JSON.stringify({ keys: [jwk("1", key), jwk("2", second)] }));
  const rotated = {
    authorization: `Bearer ${token("user-1", {}, { secret: second, header: { kid: "2" } })}`,
  };
  await until("the new key", async () =>
    (await get(`${broker.httpUrl}/api/status`, rotated)).status === 200);
  await openBrowser(t, ws, { headers: rotated });
});

test("sessions and metrics are for admins, and for this machine without a proxy", async (t) => {
  const { broker, ws } = await started(t);
  await openBrowser(t, `${ws}?userId=user-1`, { headers: bearer("user-1", { roles: ["viewer"] }) });
  const proxied = { "x-forwarded-for": "203.0.113.9" };

  for (const path of ["/api/sessions", "/metrics"]) {
    const ask = async (headers) => (await get(`${broker.httpUrl}${path}`, headers)).status;
    assert.equal(await ask({}), 200, path);
    assert.equal(await ask(proxied), 401, path);
    assert.equal(await ask({ ...proxied, ...bearer("user-1") }), 403, path);
    assert.equal(await ask({ ...proxied, ...bearer("operator") }), 200, path);
    assert.equal(await ask({ host: "panel.example" }), 403, path);
    assert.equal(await ask({ origin: "http://evil.example" }), 403, path);
  }
  const [session] = (await get(`${broker.httpUrl}/api/sessions`)).json.items;
  assert.equal(session.user, "user-1");
  assert.deepEqual(session.roles, ["viewer"]);
  assert.equal(session.transport, "websocket");
  assert.equal(session.address, "127.0.0.1");
  assert.equal(session.subscriptions, 1);
  assert.ok(Math.abs(session.connected_at - Date.now()) < 60_000);
  const { text } = await get(`${broker.httpUrl}/metrics`);
  assert.match(text, /^rtbridge_sessions\{transport="websocket"\} 1$/m);
  assert.match(text, /^rtbridge_limit_hits_total\{name="frame"\} 0$/m);
});

test("a user has as many sessions as limits.connections_per_user allows", async (t) => {
  const { broker, ws } = await started(t, { limits: "connections_per_user = 2" });
  const first = await openBrowser(t, ws, { headers: bearer("user-1") });
  await openBrowser(t, ws, { headers: { authorization: basic("user-1", "secret one") } });

  const refused = await refusedUpgrade(ws, { headers: bearer("user-1") });
  assert.equal(refused.status, 429);
  assert.match(refused.headers["retry-after"], /^\d+$/);
  await openBrowser(t, ws, { headers: bearer("operator") });
  first.ws.close();
  await first.wasClosed();
  await until("a free place", () =>
    openBrowser(t, ws, { headers: bearer("user-1") }).catch(() => null));
  assert.ok((await statusOf(broker)).limits.connections_per_user >= 1);
});

test("requests beyond limits.requests_per_second are refused, frames close", async (t) => {
  const { broker, ws } = await started(t, { limits: "requests_per_second = 1" });
  const browser = await openBrowser(t, ws, { headers: bearer("user-1") });
  for (let i = 0; i < 3; ++i) browser.ws.send(JSON.stringify({ op: "auth", token: token("user-1") }));
  const closed = await browser.wasClosed();
  assert.equal(closed.code, 4102);
  assert.match(closed.reason, /limit=requests_per_second/);

  const socket = await rawConnection(t, broker);
  let text = "";
  socket.on("data", (data) => (text += data));
  socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(4));
  await until("429", () => text.includes("HTTP/1.1 429 "));
  assert.match(text, /Retry-After: \d/);
});

test("pages of allowed origins may ask; cookies speak only for named ones", async (t) => {
  const listed = "https://app.example";
  const { broker } = await started(t, { listener: `origins = ["${listed}"]` });
  const url = `${broker.httpUrl}/api/status`;
  const preflight = (origin) => request("OPTIONS", `${broker.httpUrl}/api/login`, {
    origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type",
  });

  const allowed = await preflight(listed);
  assert.equal(allowed.status, 204);
  assert.equal(allowed.headers["access-control-allow-origin"], listed);
  assert.equal(allowed.headers["access-control-allow-credentials"], "true");
  assert.equal(allowed.headers["access-control-allow-methods"], "POST");
  assert.match(allowed.headers["access-control-allow-headers"], /Authorization, Content-Type/);
  assert.equal(allowed.headers.vary, "Origin");
  assert.equal((await preflight("https://evil.example")).status, 403);
  const refused = await get(url, { origin: listed });
  assert.equal(refused.status, 401); // readable for the page all the same
  assert.equal(refused.headers["access-control-allow-origin"], listed);

  await reload(broker, config({ listener: 'origins = ["*"]' }));
  const any = await get(url, { origin: "https://other.example", ...bearer("user-1") });
  assert.equal(any.headers["access-control-allow-credentials"], undefined);
  assert.equal(any.status, 200);
  const cookie = `rtbridge=${token("user-1")}`;
  assert.equal((await get(url, { origin: "https://other.example", cookie })).status, 403);
  assert.equal((await get(url, { cookie })).status, 200);
});

test("a form of another site can't use the cookie", async (t) => {
  const { broker } = await started(t);
  const cookie = `rtbridge=${token("user-1")}`;
  const post = async (headers) =>
    (await request("POST", `${broker.httpUrl}/api/ticket`, { cookie, ...headers })).status;

  assert.equal(await post({ origin: "https://evil.example" }), 403);
  assert.equal(await post({ "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await post({ "sec-fetch-site": "same-origin" }), 200);
  assert.equal(await post({}), 200);
});

test("no secret reaches the log", async (t) => {
  const { broker, ws } = await started(t, { auth: "token_in_url = true" });
  const good = token("user-1");
  const bad = token("user-1", {}, { secret: "y".repeat(40) });
  await openBrowser(t, `${ws}?token=${good}`);
  await refusedUpgrade(`${ws}?token=${bad}`);
  await login(broker, "user-1", "hunter2");
  await broker.waitForLog(/login of "user-1" refused/);
  const ticket = (await request("POST", `${broker.httpUrl}/api/ticket`, bearer("user-1"))).json.ticket;
  await openBrowser(t, `${ws}?ticket=${ticket}`);
  await broker.stop();

  for (const secret of [good, bad, "hunter2", ticket, bad.split(".")[2]]) {
    assert.ok(!broker.log().includes(secret));
  }
});
