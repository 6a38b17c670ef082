// rtbridge.v1 on /ws: every request and push, what is refused, and how it ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { basic, jwt, key, passwordLine, token } from "./credentials.mjs";
import { joinFullMode, openFullMode } from "./full_mode.mjs";
import {
  battery, batteryRule, get, head, mqttClient, mqttSubscriber, refusedUpgrade, startBroker, until,
} from "./harness.mjs";

const plantRule = '[[rule]]\nname = "plant"\ntopics = ["plant/#"]\n';
const withLimits = (lines) => `${head}[limits]\n${lines}\n${batteryRule}${plantRule}`;
const open = { rtbridge: withLimits("") };

// Everyone reads plant/#, operators write to plant/+/cmd, and their own battery is for each user.
const acl = `
[acl]
[[acl.rule]]
role = "operator"
allow = ["receive", "subscribe", "publish", "history"]
topics = ["plant/#"]
[[acl.rule]]
allow = ["receive", "subscribe"]
topics = ["plant/+/soc"]
[[acl.rule]]
allow = ["receive", "subscribe"]
topics = ["battery/#"]
keys = ["{user}"]
[[acl.rule]]
client = "*"
allow = ["publish", "publish_retained", "receive", "subscribe"]
topics = ["#"]
`;
const withAccess = ({ auth = "", limits = "", rules = acl, users = passwordLine("user-1", "secret", 100) } = {}) => ({
  rtbridge: `${head}[limits]\n${limits}\n[auth]\n${auth}\npasswords_file = "passwords"\n${jwt}${rules}${batteryRule}${plantRule}`,
  files: { key, passwords: users },
});
const operator = (claims) => token("olga", { roles: ["operator"], ...claims });

const offering = (...protocols) => ({ headers: { "sec-websocket-protocol": protocols.join(", ") } });

async function started(t, options = open) {
  const broker = await startBroker(t, options);
  const device = await mqttClient(t, broker);
  const publish = (topic, payload, more = {}) =>
    device.publishAsync(topic, typeof payload === "object" && !Buffer.isBuffer(payload) ? JSON.stringify(payload) : payload, { qos: 1, ...more });
  return { broker, publish, device };
}

test("hello says who one is, where the stream is, and what the limits are", async (t) => {
  const { broker, publish } = await started(t);
  await publish("plant/7/soc", { soc: 1 });
  await until("the publish", async () => (await get(`${broker.httpUrl}/api/latest`)).json.items.length > 0);

  const browser = await joinFullMode(t, broker, { features: ["batch", "more"], name: "panel" });

  const { welcome } = browser;
  assert.equal(browser.ws.protocol, "rtbridge.v1");
  assert.match(welcome.session, /^[a-z0-9]+$/);
  assert.equal(welcome.user, null);
  assert.ok(Array.isArray(welcome.roles));
  assert.match(welcome.epoch, /^[a-z0-9]{8}$/);
  assert.equal(welcome.offset, 1);
  assert.equal(welcome.ping, 20);
  assert.equal(welcome.ttl, null);
  assert.ok(Math.abs(welcome.now - Date.now()) < 60_000);
  assert.deepEqual(welcome.features, ["batch"]);
  assert.deepEqual(welcome.limits, {
    frame: 65536, subscriptions: 256, requests_per_second: 200, queue: { soft: 262144, hard: 1048576 },
  });
  const { items } = (await get(`${broker.httpUrl}/api/sessions`)).json;
  assert.deepEqual(items.map(({ id, transport }) => [id, transport]), [[welcome.session, "rtbridge.v1"]]);
});

test("rtbridge.v1 is chosen among several, whatever else is offered", async (t) => {
  const { broker } = await started(t);

  for (const protocols of [["json", "rtbridge.v1"], ["rtbridge-plain", "rtbridge.v1"], ["rtbridge.v1", "x"]]) {
    const browser = await openFullMode(t, broker, { protocols });
    assert.equal(browser.ws.protocol, "rtbridge.v1");
    await browser.ask("hello");
  }
  for (const protocols of [["rtbridge.v2"], ["plain"], ["x".repeat(70), "rtbridge.v1"], ["x".repeat(60), "y".repeat(62), "rtbridge.v1"]]) {
    const { status, json } = await refusedUpgrade(`${broker.wsUrl}/ws`, offering(...protocols));
    assert.equal(status, 400, protocols);
    assert.match(json.error.message, /subprotocol/);
  }
});

test("a selection in the URL is refused: subscriptions are made by frames", async (t) => {
  const { broker } = await started(t);

  for (const query of ["topic=a", "userId=1", "snapshot=0"]) {
    const { status, json } = await refusedUpgrade(`${broker.wsUrl}/ws?${query}`, offering("rtbridge.v1"));
    assert.equal(status, 400);
    assert.match(json.error.message, /frames/);
  }
});

test("a subscription begins with the newest values, and goes on live", async (t) => {
  const { broker, publish } = await started(t);
  await publish("plant/7/soc", { soc: 1 });
  await publish("plant/7/soc", '{"soc": 2.50}');
  await publish("plant/8/soc", "no JSON");
  const browser = await joinFullMode(t, broker);

  const { sub, offset, recovered } = await browser.ask("sub", { topics: ["plant/+/soc"] });
  await publish("plant/9/soc", Buffer.from([0xff, 0]));

  assert.deepEqual([sub, offset, recovered], [1, 3, "new"]);
  const [first, second, end, live] = await browser.take(4);
  assert.deepEqual({ ...first, ts: 0 }, { s: 1, t: "plant/7/soc", o: 2, ts: 0, r: 1, d: { soc: 2.5 } });
  assert.ok(Math.abs(first.ts - Date.now()) < 60_000);
  assert.deepEqual([second.x, second.o, second.r], ["no JSON", 3, 1]);
  assert.deepEqual(end, { s: 1, eos: 3 });
  assert.deepEqual([live.b64, live.o, live.r], ["/wA=", 4, undefined]);
  assert.ok(browser.frames.some((text) => text.includes('"d":{"soc": 2.50}')), "as it came");
});

test("mode all has no newest values unless asked for, and every update; latest the other way", async (t) => {
  const { broker, publish } = await started(t);
  await publish("plant/1", "1");
  const browser = await joinFullMode(t, broker);

  const all = await browser.ask("sub", { topics: ["plant/#"], mode: "all" });
  const snapped = await browser.ask("sub", { topics: ["plant/#"], mode: "all", snap: true });
  const bare = await browser.ask("sub", { topics: ["plant/#"], snap: false });
  await publish("plant/1", "2");

  assert.deepEqual([all.sub, snapped.sub, bare.sub], [1, 2, 3]);
  const of = (s) => browser.pushes.filter((push) => push.s === s && push.d !== undefined).map(({ d }) => d);
  await until("the live value", () => [1, 2, 3].every((s) => of(s).includes(2)));
  assert.deepEqual([of(1), of(2), of(3)], [[2], [1, 2], [2]]);
});

test("a key narrows, and updates say theirs", async (t) => {
  const { broker, publish } = await started(t);
  const browser = await joinFullMode(t, broker);
  await browser.ask("sub", { topics: ["battery/#"], key: "user-2", snap: false });

  await publish("battery/topic", battery("user-1", 5));
  await publish("battery/topic", battery("user-2", 5));

  const update = await browser.next();
  assert.deepEqual([update.k, update.d.userId, update.d.state], ["user-2", "user-2", "Charging"]);
});

test("nothing of a subscription comes after its end, and its number is free again", async (t) => {
  const { broker, publish } = await started(t);
  const browser = await joinFullMode(t, broker);
  await browser.ask("sub", { topics: ["plant/#"], snap: false });
  await browser.ask("sub", { topics: ["plant/#"], snap: false });

  assert.deepEqual(await browser.ask("unsub", { sub: 1 }), {});
  await publish("plant/1", "1");

  assert.equal((await browser.next()).s, 2);
  assert.deepEqual(browser.pushes.filter(({ s }) => s === 1), []);
  assert.equal((await browser.refused("unsub", { sub: 1 })).n, 107);
  assert.equal((await browser.ask("sub", { topics: ["x"] })).sub, 1);
});

test("max_rate paces each topic, and the last value comes", async (t) => {
  const { broker, publish } = await started(t);
  const browser = await joinFullMode(t, broker);
  await browser.ask("sub", { topics: ["plant/#"], max_rate: 5, snap: false });

  for (let n = 1; n <= 20; ++n) await publish("plant/1", String(n));
  await until("the last value", () => browser.pushes.at(-1)?.d === 20);

  assert.equal(browser.pushes[0].d, 1);
  assert.ok(browser.pushes.length < 10, `${browser.pushes.length} of 20`);
  const { matched, delivered, conflated, dropped } = await browser.ask("stats");
  assert.deepEqual([matched, delivered + conflated, dropped], [20, 20, 0]);
});

test("who comes back gets what it missed: the only value, the newest ones, or is told to begin anew", async (t) => {
  const { broker, publish } = await started(t);
  const first = await joinFullMode(t, broker);
  const { epoch, offset } = first.welcome; // nothing received yet
  await first.leave();
  await publish("plant/1", "1");

  const back = async (since, more = {}) => {
    const browser = await joinFullMode(t, broker);
    const { recovered } = await browser.ask("sub", { topics: ["plant/#"], since, ...more });
    return { browser, recovered };
  };
  // Twice: to come back takes nothing away.
  for (let i = 0; i < 2; ++i) {
    const { browser, recovered } = await back({ epoch, offset });
    assert.equal(recovered, "full");
    const [update, end] = await browser.take(2);
    assert.deepEqual([update.d, update.r, end.eos], [1, 1, 1]);
  }
  await publish("plant/1", "2");
  await publish("plant/2", "3");
  const partly = await back({ epoch, offset });
  assert.equal(partly.recovered, "latest");
  assert.deepEqual((await partly.browser.take(3)).map(({ d, eos }) => d ?? eos), [2, 3, 3]);

  const other = await back({ epoch: "other", offset });
  assert.equal(other.recovered, "none");
  assert.deepEqual((await other.browser.take(3)).map(({ d, eos }) => d ?? eos), [2, 3, 3]);
  const bare = await back({ epoch: "other", offset }, { snap: false });
  await publish("plant/3", "4");
  assert.equal((await bare.browser.next()).d, 4);

  const nothing = await back({ epoch, offset: 4 });
  assert.equal(nothing.recovered, "full");
  assert.deepEqual(await nothing.browser.next(), { s: 1, eos: 4 });
});

test("with history all that was missed comes, in order and before what is live", async (t) => {
  const { broker, publish } = await started(t, {
    rtbridge: `${head}${plantRule}history = { last = 100 }\n`,
  });
  const first = await joinFullMode(t, broker);
  await first.ask("sub", { topics: ["plant/#"] });
  await publish("plant/0", "0");
  const { epoch } = first.welcome;
  await first.next();
  const { o: offset } = await first.next();
  first.ws.terminate();
  for (let n = 1; n <= 50; ++n) await publish(`plant/${n % 3}`, String(n));

  const browser = await joinFullMode(t, broker, { features: ["batch"] });
  const { recovered } = await browser.ask("sub", { topics: ["plant/#"], mode: "all", since: { epoch, offset } });
  await publish("plant/1", "51");

  assert.equal(recovered, "full");
  const pushes = await browser.take(52);
  const end = pushes.findIndex(({ eos }) => eos !== undefined);
  assert.deepEqual(pushes.filter(({ d }) => d !== undefined).map(({ d }) => d), Array.from({ length: 51 }, (_, i) => i + 1));
  assert.ok(end === 50 || end === 51, `eos at ${end}`);
});

test("get pages through the newest values in topic order", async (t) => {
  const { broker, publish } = await started(t);
  for (let n = 1; n <= 5; ++n) await publish(`plant/${n}`, String(n));
  await publish("plant/3", "text");
  await publish("battery/topic", battery("user-1", 1));
  await publish("battery/topic", battery("user-2", 1));
  const browser = await joinFullMode(t, broker);

  const first = await browser.ask("get", { topics: ["plant/#"], limit: 3 });
  const second = await browser.ask("get", { topics: ["plant/#"], limit: 3, after: first.next });
  const later = await browser.ask("get", { topics: ["plant/#", "battery/#"], after: "plant/4" });
  const several = await browser.ask("get", { topics: ["plant/1", "battery/+"] });

  assert.deepEqual(first.items.map(({ t: topic, d, x }) => [topic, d ?? x]), [["plant/1", 1], ["plant/2", 2], ["plant/3", "text"]]);
  assert.deepEqual(second.items.map(({ d }) => d), [4, 5]);
  assert.equal(second.next, null);
  assert.deepEqual(later.items.map(({ d }) => d), [5]);
  assert.deepEqual(several.items.map(({ t: topic, k }) => [topic, k]),
    [["battery/topic", "user-1"], ["battery/topic", "user-2"], ["plant/1", undefined]]);
  for (const limit of [0, 1001, "5", 1.5]) {
    assert.equal((await browser.refused("get", { topics: ["#"], limit })).n, 107);
  }
  assert.equal((await browser.refused("get", { topics: Array(33).fill("a") })).n, 106);
});

test("a page is bounded in bytes, and a value that is larger is named", async (t) => {
  const { broker, publish } = await started(t);
  for (let n = 1; n <= 6; ++n) await publish(`plant/${n}`, JSON.stringify("x".repeat(100_000)));
  await publish("plant/7", JSON.stringify("x".repeat(400_000)));
  const browser = await joinFullMode(t, broker);

  const items = [];
  let after;
  do {
    const page = await browser.ask("get", { topics: ["plant/#"], after });
    items.push(...page.items);
    after = page.next;
  } while (after);

  assert.deepEqual(items.map(({ t: topic }) => topic), [1, 2, 3, 4, 5, 6, 7].map((n) => `plant/${n}`));
  assert.equal(items[6].too_large, 400_002);
  assert.ok(browser.frames.every((text) => text.length <= 256 * 1024));
});

test("what a browser publishes reaches MQTT byte by byte, and other browsers", async (t) => {
  const { broker } = await started(t, withAccess());
  const subscriber = await mqttSubscriber(t, broker, ["#"]);
  const browser = await joinFullMode(t, broker, { token: operator() });
  await browser.ask("sub", { topics: ["plant/#"], snap: false });

  browser.ws.send('{"id":100,"op":"pub","t":"plant/7/cmd","d": {"a": 1.50, "b":[ ]} ,"qos":1}');
  assert.deepEqual((await browser.reply(100)).ok, {});
  await browser.ask("pub", { t: "plant/7/cmd", x: "text" });
  await browser.ask("pub", { t: "plant/7/cmd", b64: "/wA=", qos: 2 });
  await browser.ask("pub", { t: "plant/7/cmd", d: null });

  const messages = await subscriber.take(4);
  const got = messages.map(({ text, qos }) => `${qos} ${text}`); // that of QoS 2 takes longer
  assert.deepEqual(got.sort(), ["0 null", "0 text", '1 {"a": 1.50, "b":[ ]}', "2 \ufffd\0"]);
  assert.deepEqual((await browser.take(4)).map(({ d, x, b64 }) => d ?? x ?? b64 ?? null), [{ a: 1.5, b: [] }, "text", "/wA=", null]);
});

test("a publish is refused: topic, payload, permission, rule", async (t) => {
  const { broker } = await started(t, {
    ...withAccess(),
    rtbridge: `${withAccess().rtbridge}[[rule]]\nname = "strict"\ntopics = ["plant/+/strict"]\non_invalid = "drop"\nset = { a = 1 }\n`,
  });
  const browser = await joinFullMode(t, broker, { token: operator() });
  const refusal = async (members) => (await browser.refused("pub", members)).n;

  for (const topic of ["", "plant/+/x", "plant/#"]) assert.equal(await refusal({ t: topic, d: 1 }), 102, topic);
  assert.equal(await refusal({ d: 1 }), 107);
  assert.equal(await refusal({ t: "plant/a" }), 107);
  assert.equal(await refusal({ t: "plant/a", d: 1, x: "" }), 107);
  assert.equal(await refusal({ t: "plant/a", b64: "?" }), 107);
  assert.equal(await refusal({ t: "plant/a", d: 1, qos: 3 }), 107);
  assert.equal(await refusal({ t: "plant/a", d: 1, retain: 1 }), 107);
  const forbidden = await browser.refused("pub", { t: "other", d: 1 });
  assert.deepEqual([forbidden.n, forbidden.code, forbidden.retry], [103, "forbidden", false]);
  assert.match(forbidden.msg, /publish to "other"/);
  assert.match((await browser.refused("pub", { t: "plant/a", d: 1, retain: true })).msg, /publish_retained/);
  const dropped = await browser.refused("pub", { t: "plant/a/strict", x: "no JSON" });
  assert.deepEqual([dropped.n, dropped.code], [114, "broker_refused"]);
  assert.match(dropped.msg, /rule/);
});

test("without a permission nothing is seen, and the refusal names the topic", async (t) => {
  const { broker, publish } = await started(t, withAccess());
  await publish("plant/7/soc", "1");
  await publish("plant/7/secret", "2");
  await publish("battery/topic", battery("user-1", 1));
  const browser = await joinFullMode(t, broker, { token: token("user-1") });

  const error = await browser.refused("sub", { topics: ["plant/+/soc", "plant/#"] });
  assert.deepEqual([error.n, error.code], [103, "forbidden"]);
  assert.match(error.msg, /plant\/#/);
  assert.equal((await browser.refused("sub", { topics: ["battery/#"], key: "user-2" })).n, 103);
  assert.equal((await browser.refused("get", { topics: ["other/#"] })).n, 103);
  const page = await browser.ask("get", { topics: ["#"] });
  assert.deepEqual(page.items.map(({ t: topic }) => topic), ["battery/topic", "plant/7/soc"]);
  await browser.ask("sub", { topics: ["battery/#"], key: "user-1" });
  assert.equal((await browser.next()).k, "user-1");
});

test("a token comes with hello, whatever anonymous may", async (t) => {
  const { broker } = await started(t, withAccess());

  const { welcome } = await joinFullMode(t, broker, { token: operator() });
  assert.deepEqual([welcome.user, welcome.roles], ["olga", ["operator"]]);
  assert.ok(welcome.ttl > 500 && welcome.ttl <= 600, welcome.ttl);

  const attempts = [
    [{ token: "no token" }, 101],
    [{ token: token("anna", {}, { secret: "another key of more than 32 bytes!!" }) }, 101],
    [{ token: operator({ exp: 1_000_000_000 }) }, 109],
    [{}, 101],
  ];
  for (const [hello, n] of attempts) {
    const browser = await openFullMode(t, broker);
    const error = await browser.refused("hello", hello);
    assert.equal(error.n, n, JSON.stringify(hello));
    assert.equal((await browser.wasClosed()).code, 4001);
    assert.deepEqual([browser.bye.code, browser.bye.retry], [4001, undefined]);
  }
  const other = await openFullMode(t, broker);
  assert.equal((await other.refused("sub", { topics: ["plant/#"] })).n, 101);
  assert.equal((await other.wasClosed()).code, 4001);
});

test("credentials of the upgrade do as well, and wrong ones are refused there", async (t) => {
  const { broker } = await started(t, withAccess());

  const byToken = await joinFullMode(t, broker, {}, { headers: { authorization: `Bearer ${operator()}` } });
  assert.equal(byToken.welcome.user, "olga");
  const byPassword = await openFullMode(t, broker, { headers: { authorization: basic("user-1", "secret") } });
  await byPassword.ask("sub", { topics: ["plant/+/soc"] }); // without hello
  assert.equal((await byPassword.refused("hello")).n, 105);

  const { status } = await refusedUpgrade(`${broker.wsUrl}/ws`, {
    headers: { ...offering("rtbridge.v1").headers, authorization: "Bearer wrong" },
  });
  assert.equal(status, 401);
});

test("what is asked while a slow password is checked is answered afterwards", async (t) => {
  const { broker } = await started(t, withAccess({ users: passwordLine("slow", "secret", 500_000) }));

  const browser = await openFullMode(t, broker, { headers: { authorization: basic("slow", "secret") } });
  const asked = [browser.ask("hello"), browser.ask("stats")];
  assert.equal((await Promise.all(asked))[0].user, "slow");

  const wrong = await openFullMode(t, broker, { headers: { authorization: basic("slow", "wrong") } });
  wrong.send({ id: 1, op: "hello" });
  assert.equal((await wrong.wasClosed()).code, 4001);
});

test("a fresh token goes on, and ends what it does not allow", async (t) => {
  const { broker, publish } = await started(t, withAccess());
  const browser = await joinFullMode(t, broker, { token: operator() });
  await browser.ask("sub", { topics: ["plant/#"], snap: false });
  await browser.ask("sub", { topics: ["plant/+/soc"], snap: false });

  assert.ok((await browser.ask("auth", { token: operator({ exp: Math.floor(Date.now() / 1000) + 3600 }) })).ttl > 3000);
  assert.equal((await browser.refused("auth", { token: "wrong" })).n, 101);
  assert.equal((await browser.refused("auth", { token: operator({ exp: 1_000_000_000 }) })).n, 109);
  assert.equal((await browser.refused("auth", { token: token("anna") })).n, 103);
  assert.ok((await browser.ask("auth", { token: token("olga") })).ttl > 500);

  const { s, end } = await browser.next();
  assert.deepEqual([s, end.code, end.n], [1, "forbidden", 103]);
  await publish("plant/7/soc", "1");
  assert.deepEqual([(await browser.next()).s, (await browser.ask("unsub", { sub: 2 }))], [2, {}]);
  assert.equal((await browser.refused("unsub", { sub: 1 })).n, 107);
});

test("a token that ends ends the session, and one may come back", async (t) => {
  const { broker } = await started(t, withAccess());
  const browser = await joinFullMode(t, broker, { token: operator({ exp: Math.floor(Date.now() / 1000) + 2 }) });

  assert.equal((await browser.wasClosed()).code, 4202);
  assert.equal(browser.bye.code, 4202);
  assert.ok(browser.bye.retry.max >= browser.bye.retry.min);
});

test("after a reload the subscriptions that are not allowed end, the others go on", async (t) => {
  const auth = 'anonymous = "role:guest"'; // may ask for /api/status
  const { broker, publish } = await started(t, withAccess({ auth }));
  const browser = await joinFullMode(t, broker, { token: operator() });
  await browser.ask("sub", { topics: ["plant/#"], snap: false });
  await browser.ask("sub", { topics: ["plant/+/soc"], snap: false });

  await broker.reload(withAccess({ auth, rules: acl.replace('role = "operator"', 'role = "boss"') }).rtbridge);

  assert.deepEqual([(await browser.next()).end.code], ["forbidden"]);
  await publish("plant/7/soc", "1");
  assert.equal((await browser.next()).s, 2);

  await broker.reload(withAccess({ auth, rules: acl.replace("plant/+/soc", "nothing") }).rtbridge);
  const kept = await browser.ask("stats");
  assert.equal(kept.matched, 1);
});

test("who is silent after the upgrade is closed with 4204", async (t) => {
  const { broker } = await started(t, { rtbridge: withLimits('handshake_timeout = "1s"') });
  const silent = await openFullMode(t, broker);
  const speaking = await joinFullMode(t, broker);

  const { code, reason } = await silent.wasClosed();

  assert.deepEqual([code, reason], [4204, "limit=handshake_timeout max=1000"]);
  assert.deepEqual([silent.bye.code, typeof silent.bye.retry.min], [4204, "number"]);
  assert.equal((await speaking.ask("stats")).matched, 0);
  assert.ok((await broker.status()).limits.handshake_timeout.hits ?? true);
});

test("requests of the wrong form are told so, and the session goes on", async (t) => {
  const { broker } = await started(t);
  const browser = await joinFullMode(t, broker);
  const cases = [
    ["no", {}, 104],
    ["sub", {}, 107],
    ["get", { topics: [] }, 107],
    ["sub", { topics: "a" }, 107],
    ["sub", { topics: [7] }, 107],
    ["sub", { topics: ["a#"] }, 102],
    ["sub", { topics: ["a"], mode: "some" }, 107],
    ["sub", { topics: ["a"], max_rate: 0 }, 107],
    ["sub", { topics: ["a"], max_rate: 1, mode: "all" }, 107],
    ["sub", { topics: ["a"], key: "" }, 107],
    ["sub", { topics: ["a"], snap: 1 }, 107],
    ["sub", { topics: ["a"], since: { epoch: "x" } }, 107],
    ["unsub", {}, 107],
    ["auth", {}, 107],
    ["hello", {}, 105],
  ];
  for (const [op, members, n] of cases) {
    assert.equal((await browser.refused(op, members)).n, n, `${op} ${JSON.stringify(members)}`);
  }
  for (const text of ['{"op":"stats"}', '{"id":-1,"op":"stats"}', '{"id":4294967296,"op":"stats"}', '{"id":1,"id":2,"op":"stats"}', "{}"]) {
    browser.ws.send(text);
    const { err } = await browser.next();
    assert.equal(err.n, 107, text);
  }
  await browser.ask("stats");
  assert.ok(await browser.ask("stats", { more: "is ignored" }));
});

test("three frames that are no objects end it with 4002", async (t) => {
  const { broker } = await started(t);
  const browser = await joinFullMode(t, broker);

  browser.ws.send("hello");
  browser.ws.send("[]");
  browser.ws.send(Buffer.from("{}"));

  const { code, reason } = await browser.wasClosed();
  assert.deepEqual([code, reason], [4002, "limit=bad_requests max=3 got=3"]);
  assert.deepEqual(browser.pushes.map(({ err }) => err.n), [107, 107, 107]);
  assert.deepEqual([browser.bye.code, browser.bye.retry], [4002, undefined]);
});

test("a frame may come in many pieces, and not be larger than the limit", async (t) => {
  const { broker } = await started(t, { rtbridge: withLimits('frame = "8KiB"') });
  const browser = await joinFullMode(t, broker);

  const pad = "x".repeat(7000);
  browser.ws.send(`{"id":90,"op":"sta`, { fin: false });
  browser.ws.send(`ts","pad":"${pad}"}`, { fin: true });
  assert.ok((await browser.reply(90)).ok);
  browser.ws.send(`{"id":91,"op":"stats","pad":"${pad}${pad}"}`);

  const { code, reason } = await browser.wasClosed();
  assert.equal(code, 1009);
  assert.match(reason, /^limit=frame max=8192 got=\d+$/);
  assert.equal(browser.bye.code, 1009);
});

test("a session has so many topic filters and no more", async (t) => {
  const { broker } = await started(t, { rtbridge: withLimits("subscriptions = 3") });
  const browser = await joinFullMode(t, broker);
  await browser.ask("sub", { topics: ["a", "b"] });

  const error = await browser.refused("sub", { topics: ["c", "d"] });
  assert.deepEqual([error.n, error.which, error.value, error.maximum], [106, "subscriptions", 4, 3]);
  await browser.ask("sub", { topics: ["c"] });
  await browser.ask("unsub", { sub: 1 });
  await browser.ask("sub", { topics: ["d", "e"] });
});

test("requests that come too fast wait, and who does not heed that is closed", async (t) => {
  const { broker } = await started(t, { rtbridge: withLimits("requests_per_second = 5") });
  const browser = await joinFullMode(t, broker);

  for (let i = 0; i < 15; ++i) browser.send({ id: 100 + i, op: "stats" });
  const { err } = await browser.reply(114);
  assert.deepEqual([err.n, err.retry, err.after], [111, true, 200]);
  await until("a request is taken again", async () => {
    await new Promise((resolve) => setTimeout(resolve, err.after));
    return (await browser.request("stats")).ok;
  });

  // One by one: with something unread in its socket the server could not say goodbye.
  const ended = browser.closed.then(() => true);
  for (let id = 200, over = false; !over; ++id) {
    browser.send({ id, op: "stats" });
    over = (await Promise.race([browser.reply(id), ended])) === true;
  }
  const { code, reason } = await browser.wasClosed();
  assert.equal(code, 4102);
  assert.match(reason, /^limit=requests_per_second max=5 got=\d+$/);
  assert.ok(browser.bye.retry.min >= 1000);
});

test("a user has so many connections and no more", async (t) => {
  const { broker } = await started(t, withAccess({ limits: "connections_per_user = 1" }));
  await joinFullMode(t, broker, { token: operator() });
  const second = await openFullMode(t, broker);

  const error = await second.refused("hello", { token: operator() });

  assert.deepEqual([error.n, error.which, error.maximum], [106, "connections_per_user", 1]);
  assert.equal((await second.wasClosed()).code, 4004);
  await joinFullMode(t, broker, { token: token("anna") });
});

test("probes come where nothing else does, their answers give the round trip, and silence ends it", async (t) => {
  const { broker } = await started(t, { rtbridge: withLimits('ping_interval = "1s"') });
  const answering = await joinFullMode(t, broker);
  const silent = await joinFullMode(t, broker, {}, { answersProbes: false });
  assert.equal(answering.welcome.ping, 1);

  const { code } = await silent.wasClosed();
  await until("a round trip", async () => (await answering.ask("stats")).rtt_ms !== null);

  assert.equal(code, 4201);
  assert.deepEqual([silent.bye.code, silent.probes], [4201, 1]);
  const { rtt_ms: roundTrip } = await answering.ask("stats");
  assert.ok(roundTrip >= 0 && roundTrip < 1000, roundTrip);
  assert.ok(answering.probes > 0);
});

test("at shutdown each is told to come back at another time", async (t) => {
  const { broker } = await started(t);
  const browsers = await Promise.all(Array.from({ length: 8 }, () => joinFullMode(t, broker)));

  await broker.stop();

  for (const browser of browsers) {
    assert.equal((await browser.wasClosed()).code, 4200);
    const { op, code, why, retry } = browser.bye;
    assert.deepEqual([op, code, why], ["bye", 4200, "shutdown"]);
    assert.ok(retry.min >= 500 && retry.min <= 2000 && retry.max > retry.min && retry.max <= 32_000);
  }
  assert.ok(new Set(browsers.map(({ bye }) => bye.retry.min)).size > 1);
});

test("with batch several objects share a frame, without it none do", async (t) => {
  const { broker, device } = await started(t);
  const batching = await joinFullMode(t, broker, { features: ["batch"] });
  const single = await joinFullMode(t, broker);
  for (const browser of [batching, single]) {
    await browser.ask("sub", { topics: ["plant/#"], mode: "all" });
  }

  const sent = [];
  for (let n = 0; n < 3000; ++n) sent.push(device.publishAsync(`plant/${n % 7}`, String(n), { qos: 0 }));
  await Promise.all(sent);

  for (const browser of [batching, single]) {
    await until("all updates", () => browser.pushes.length >= 3000);
    assert.deepEqual(browser.pushes.map(({ d }) => d), Array.from({ length: 3000 }, (_, n) => n));
    const offsets = browser.pushes.map(({ o }) => o);
    assert.ok(offsets.every((o, i) => i === 0 || o > offsets[i - 1]), "by offset");
  }
  assert.ok(batching.frames.some((text) => text.startsWith("[")), "no array came");
  assert.ok(batching.frames.length < 3000);
  assert.ok(batching.frames.every((text) => text.length <= 64 * 1024));
  assert.ok(single.frames.every((text) => text.startsWith("{")));
});

// Until it reads on, nothing of what comes is taken out of the socket.
async function stalled(browser, whileStalled) {
  browser.ws._socket.pause();
  await whileStalled();
  browser.ws._socket.resume();
}

test("who does not read for some time gets the newest, is told the gap, and the figures add up", async (t) => {
  const { broker, device } = await started(t);
  const modes = ["all", "latest"];
  for (const mode of modes) {
    const browser = await joinFullMode(t, broker, { features: ["batch"] });
    await browser.ask("sub", { topics: ["plant/#"], mode, snap: false });
    const filler = "x".repeat(1000);
    const total = 20_000;
    await stalled(browser, async () => {
      let last;
      for (let n = 0; n < total; ++n) {
        last = device.publishAsync(`plant/${n % 10}`, JSON.stringify({ n, filler }), { qos: 0 });
        if (n % 500 === 499) await last;
      }
      await until("a loss", async () => {
        const { items } = (await get(`${broker.httpUrl}/api/sessions`)).json;
        const own = items.find(({ id }) => id === browser.welcome.session);
        return own.matched === total && own.conflated + own.dropped > 0;
      });
    });
    await until("the newest", () => browser.pushes.at(-1)?.d?.n === total - 1);
    const stats = await browser.ask("stats");
    const updates = browser.pushes.filter(({ d }) => d);
    const gaps = browser.pushes.filter(({ gap }) => gap).map(({ gap }) => gap);

    assert.equal(stats.matched, total);
    assert.equal(stats.delivered, updates.length);
    assert.equal(stats.matched, stats.delivered + stats.conflated + stats.dropped);
    const lost = gaps.reduce((sum, { n }) => sum + n, 0);
    assert.equal(lost, mode === "all" ? stats.conflated + stats.dropped : stats.dropped);
    assert.equal(stats.gaps, gaps.length);
    for (const { from, to, n, why } of gaps) {
      assert.ok(from <= to && n <= to - from + 1);
      assert.equal(why, "slow");
    }
    for (let plant = 0; plant < 10; ++plant) {
      const offsets = updates.filter((update) => update.t === `plant/${plant}`).map(({ o }) => o);
      assert.ok(offsets.every((o, i) => i === 0 || o > offsets[i - 1]), `order of plant/${plant}`);
    }
    await browser.leave();
  }
});

test("many subscriptions of one session each get theirs", async (t) => {
  const { broker, publish } = await started(t);
  const browser = await joinFullMode(t, broker, { features: ["batch"] });
  for (let n = 1; n <= 100; ++n) {
    assert.equal((await browser.ask("sub", { topics: [`plant/${n}`], snap: false })).sub, n);
  }
  await browser.ask("sub", { topics: ["plant/+"], mode: "all" });

  for (let n = 1; n <= 100; ++n) await publish(`plant/${n}`, String(n));

  await until("all", () => browser.pushes.filter(({ d }) => d !== undefined).length === 200);
  for (const { s, d } of browser.pushes) assert.ok(s === 101 || s === d || d === undefined);
});
