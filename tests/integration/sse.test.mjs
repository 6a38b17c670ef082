// GET /events: what an EventSource and clients made with fetch rely on, line by line of the
// protocol; what is refused and how; and what each limit does.

import assert from "node:assert/strict";
import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import { test } from "node:test";
import { EventSource } from "eventsource";
import { certificateFiles, makeCertificate } from "./certificate.mjs";
import { jwt, key, token } from "./credentials.mjs";
import { launchChromium } from "./dashboard_page.mjs";
import { blocksOf, openEvents, openStream } from "./event_stream.mjs";
import {
  battery, batteryRule, freePort, get, head, mqttClient, rawConnection, request, startBroker, until,
} from "./harness.mjs";
import { exchange, rawTalk } from "./raw_socket.mjs";

const plantRule = '[[rule]]\nname = "plant"\ntopics = ["plant/#"]\n';
const rules = `${batteryRule}${plantRule}
[[rule]]
name = "log"
topics = ["log/#"]
history = { last = 5 }
[[rule]]
name = "imu"
topics = ["imu/#"]
browser = { event = "imuData" }
`;
const config = (limits = "", more = "") => `${head}${more}\n[limits]\n${limits}\n${rules}`;

async function started(t, rtbridge = config(), options = {}) {
  const broker = await startBroker(t, { rtbridge, ...options });
  const device = await mqttClient(t, broker);
  const publish = (topic, payload, more = {}) => device.publishAsync(topic, payload, { qos: 1, ...more });
  return { broker, publish, device };
}
const offsetOf = (id) => Number(/^[a-z0-9]+-(\d+)$/.exec(id)[1]);
const dataOf = (stream) => stream.events.map(({ data }) => JSON.parse(data));

test("a stream begins at once, with what proxies and browsers want to know", async (t) => {
  const { broker } = await started(t);

  const { stream, status, headers } = await openEvents(t, `${broker.httpUrl}/events`);

  assert.equal(status, 200);
  assert.equal(headers["content-type"], "text/event-stream");
  assert.equal(headers["cache-control"], "no-cache, no-store, no-transform");
  assert.equal(headers["x-accel-buffering"], "no");
  assert.equal(headers["transfer-encoding"], "chunked");
  assert.equal(headers["content-encoding"], undefined);
  assert.equal(headers["access-control-allow-origin"], undefined);
  await until("the first blocks", () => stream.blocks.length >= 2);
  const [first, second] = stream.blocks;
  assert.deepEqual(first.comments, ["recovered new"]);
  assert.ok(first.retry >= 1000 && first.retry <= 3000, first.retry);
  assert.equal(offsetOf(second.id), 0); // of nothing nothing is missing
});

test("updates are events with id and data; the newest come first", async (t) => {
  const { broker, publish } = await started(t);
  await publish("battery/topic", battery("user-2", 1));
  await publish("battery/topic", battery("user-1", 5));
  const all = await openStream(t, broker);
  const own = await openStream(t, broker, "?userId=user-1");
  const later = await openStream(t, broker, "?userId=user-1&snapshot=0");

  await publish("battery/topic", '{"userId":"user-1","batteryPercent":80,"batteryPower":1200}');

  const live = await later.next();
  assert.equal(live.data, '{"userId":"user-1","batteryPercent":80,"batteryPower":1200,"state":"Charging"}');
  assert.equal(live.event, undefined);
  await until("all", () => all.events.length === 3 && own.events.length === 2);
  const ids = all.events.map(({ id }) => offsetOf(id));
  assert.deepEqual(ids, [...ids].sort((a, b) => a - b));
  assert.equal(all.events[2].id, live.id);
  assert.deepEqual(dataOf(own).map(({ batteryPower }) => batteryPower), [5, 1200]);
});

test("each write is whole HTTP chunks, each of whole blocks", async (t) => {
  const { broker, publish } = await started(t);
  const talk = await rawTalk(t, broker);
  talk.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until("the beginning", () => /\r\n\r\n[\da-f]+\r\n: /.test(talk.text));

  for (let n = 0; n < 20; ++n) await publish("plant/1", `${n}`);
  await until("all", () => talk.text.includes("data: 19\n\n"));

  let rest = talk.text.slice(talk.text.indexOf("\r\n\r\n") + 4);
  let text = "";
  while (rest) {
    const [, length] = /^([\da-f]+)\r\n/.exec(rest);
    const begin = length.length + 2;
    const end = begin + parseInt(length, 16);
    const blocks = rest.slice(begin, end);
    assert.ok(blocks.endsWith("\n\n"), blocks);
    assert.equal(rest.slice(end, end + 2), "\r\n");
    text += blocks;
    rest = rest.slice(end + 2);
  }
  assert.equal(blocksOf(text).blocks.filter(({ data }) => data).length, 20);
});

test("HTTP/1.0 gets a stream without chunks", async (t) => {
  const { broker, publish } = await started(t);
  const talk = await rawTalk(t, broker);
  talk.send("GET /events?topic=plant%2F%23 HTTP/1.0\r\nHost: localhost\r\n\r\n");
  await until("the beginning", () => talk.text.includes("retry: "));
  await publish("plant/1", "7");
  await until("the update", () => talk.text.includes("data: 7\n\n"));

  const [headers] = talk.text.split("\r\n\r\n", 1);
  assert.doesNotMatch(headers, /transfer-encoding|content-length/i);
  assert.match(headers, /connection: close/i);
  const { blocks, rest } = blocksOf(talk.text.slice(headers.length + 4));
  assert.equal(rest, "");
  assert.equal(blocks.at(-1).data, "7");
  await broker.stop();
  await talk.end();
  assert.match(talk.text, /event: bye\ndata: .*"code":4200.*\n\n$/);
});

test("a body with line ends of any kind arrives as one event", async (t) => {
  const { broker, publish } = await started(t);
  const stream = await openStream(t, broker);

  await publish("plant/1", '{\r\n"a":\r1,\n\n"b":"c"\r}');

  const { data } = await stream.next();
  assert.equal(data, '{\n"a":\n1,\n\n"b":"c"\n}');
  assert.deepEqual(JSON.parse(data), { a: 1, b: "c" });
});

test("what is not JSON is skipped, and a template of [sse] may carry it", async (t) => {
  const { broker, publish } = await started(t);
  const stream = await openStream(t, broker);
  await publish("plant/1", "no JSON");
  await publish("plant/1", "1");
  assert.equal((await stream.next()).data, "1");

  const other = await started(t, `${config()}[sse]\nbody = { topic = "{topic}", value = "{payload}" }\n`);
  const templated = await openStream(t, other.broker);
  await other.publish("plant/1", '{"soc":1}');
  assert.deepEqual(await templated.nextJson(), { topic: "plant/1", value: { soc: 1 } });
});

test("an event is named where its rule names one, and with events=0 never", async (t) => {
  const { broker, publish } = await started(t);
  const named = await openStream(t, broker);
  const unnamed = await openStream(t, broker, "?events=0");

  await publish("imu/1", '{"x":1}');
  await publish("plant/1", "1");

  assert.deepEqual([(await named.next()).event, (await named.next()).event], ["imuData", undefined]);
  assert.deepEqual([(await unnamed.next()).event, (await unnamed.next()).event], [undefined, undefined]);
});

test("with events=frames the data are frames of rtbridge.v1, gaps too", async (t) => {
  const { broker, publish } = await started(t);
  await publish("plant/1", '{"soc":\n1}', { retain: true });
  const stream = await openStream(t, broker, "?events=frames");
  const { ts, ...first } = await stream.nextJson();
  assert.deepEqual(first, { t: "plant/1", o: 1, r: 1, d: { soc: 1 } });
  assert.ok(ts > 0);
  await publish("imu/1", '{"x":1}');
  const { event, data } = await stream.next();
  assert.equal(event, undefined);
  assert.deepEqual({ ...JSON.parse(data), ts: 0 }, { t: "imu/1", o: 2, ts: 0, d: { x: 1 } });
  assert.equal((await get(`${broker.httpUrl}/events?events=2`)).status, 400);
});

test("who comes back gets what was missed: by header or query, and the header wins", async (t) => {
  const { broker, publish } = await started(t);
  const first = await openStream(t, broker, "?topic=log%2F%23");
  for (const n of [1, 2, 3]) await publish("log/1", `${n}`);
  await until("three", () => first.events.length === 3);
  const ids = first.events.map(({ id }) => id);
  first.cut();

  const ways = [
    [`?topic=log%2F%23&snapshot=0&last_event_id=${ids[0]}`, {}, [2, 3]],
    [`?topic=log%2F%23&lastEventId=${ids[1]}`, {}, [3]],
    [`?topic=log%2F%23&last_event_id=${ids[2]}`, { "Last-Event-ID": ids[0] }, [2, 3]],
    [`?topic=log%2F%23`, { "last-event-id": ids[2] }, []],
  ];
  for (const [query, headers, expected] of ways) {
    const stream = await openStream(t, broker, query, headers);
    await until("the end of the past", () => stream.blocks.at(-1).id === ids[2] && stream.blocks.length > 1);
    assert.deepEqual(stream.blocks[0].comments, ["recovered full"], query);
    assert.deepEqual(dataOf(stream), expected, query);
  }
});

test("where history is full, who comes back gets the newest", async (t) => {
  const { broker, publish } = await started(t);
  await publish("log/1", "0");
  const first = await openStream(t, broker, "?topic=log%2F%23");
  const { id } = await first.next();
  for (let n = 1; n <= 20; ++n) await publish("log/1", `${n}`);
  await publish("log/2", "21");

  const stream = await openStream(t, broker, "?topic=log%2F%23&snapshot=0", { "Last-Event-ID": id });

  await until("the end of the past", () => stream.blocks.at(-1).data === undefined && stream.blocks.length > 1);
  assert.deepEqual(stream.blocks[0].comments, ["recovered latest"]);
  assert.deepEqual(dataOf(stream), [20, 21]);
});

test("an id of another process or of nobody begins anew and is no error", async (t) => {
  const { broker, publish } = await started(t);
  await publish("plant/1", "1");

  const other = await openStream(t, broker, "", { "Last-Event-ID": "other1-5" });
  assert.deepEqual(other.blocks[0].comments, ["recovered none"]);
  assert.equal((await other.next()).data, "1");
  const live = await openStream(t, broker, "?snapshot=0", { "Last-Event-ID": "other1-5" });
  assert.deepEqual([live.events.length, offsetOf(live.cursor)], [0, 1]);
  for (const id of ["x", "-", "other1-x", "0".repeat(500), "a-18446744073709551616"]) {
    const stream = await openStream(t, broker, "", { "Last-Event-ID": id });
    assert.deepEqual(stream.blocks[0].comments, ["recovered new"], id);
    assert.equal((await stream.next()).data, "1");
  }
});

test("a silence is broken in time, and moves the cursor past what others got", async (t) => {
  const { broker, publish } = await started(t, config('ping_interval = "1s"'));
  const stream = await openStream(t, broker, "?topic=log%2F%23");
  const all = await openStream(t, broker, "?topic=plant%2F%23");
  await publish("plant/1", "1");
  const { id } = await all.next();

  await until("a comment with the cursor", () => stream.blocks.at(-1).comments.length && stream.cursor === id);

  assert.equal(stream.events.length, 0);
  const again = await openStream(t, broker, "?topic=plant%2F%23&snapshot=0", { "Last-Event-ID": stream.cursor });
  await until("the end of the past", () => again.blocks.length > 1);
  assert.equal(again.events.length, 0);
});

test("what is wrong is told before the stream", async (t) => {
  const { broker } = await started(t);
  const url = `${broker.httpUrl}/events`;

  for (const query of ["?topic=a%23", "?user=1", "?snapshot=2", "?events=2", "?userId="]) {
    const { status, headers, json } = await openEvents(t, url + query);
    assert.equal(status, 400, query);
    assert.match(headers["content-type"], /^application\/json/);
    assert.equal(typeof json.error.message, "string");
  }
  for (const method of ["HEAD", "POST", "PUT", "DELETE"]) {
    const { statuses, text } = await exchange(t, broker, `${method} /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.deepEqual(statuses, [405], method);
    assert.match(text, /\r\nAllow: GET, OPTIONS\r\n/);
  }
  assert.equal((await get(url, { origin: "https://elsewhere.example" })).status, 403);
});

const acl = `
[auth]
${jwt}
[acl]
[[acl.rule]]
allow = ["receive", "subscribe"]
topics = ["battery/#"]
keys = ["{user}"]
[[acl.rule]]
client = "*"
allow = ["publish"]
topics = ["#"]
`;
const withLogin = (more = "", limits = "") => config(limits, more) + acl;
const bearer = (user) => ({ authorization: `Bearer ${token(user)}` });

test("identity and rights are those of any session; a ticket opens one stream", async (t) => {
  const { broker, publish } = await started(t, withLogin(), { files: { key } });
  const url = `${broker.httpUrl}/events`;
  assert.equal((await openEvents(t, url)).status, 401);
  assert.equal((await openEvents(t, `${url}?ticket=no`)).status, 401);
  assert.equal((await openEvents(t, `${url}?topic=plant%2F%23`, bearer("user-1"))).status, 403);

  const { ticket } = (await request("POST", `${broker.httpUrl}/api/ticket`, bearer("user-1"))).json;
  const streams = [
    await openStream(t, broker, `?userId=user-1&ticket=${ticket}`),
    await openStream(t, broker, "", bearer("user-1")),
    await openStream(t, broker, "", { cookie: `rtbridge=${token("user-1")}` }),
  ];
  await publish("battery/topic", battery("user-2", 1));
  await publish("battery/topic", battery("user-1", 2));
  for (const stream of streams) assert.equal((await stream.nextJson()).batteryPower, 2);
  assert.equal((await openEvents(t, `${url}?ticket=${ticket}`)).status, 401);
});

test("pages of allowed origins may read, with their cookie where they are named", async (t) => {
  const { broker } = await started(t, withLogin('origins = ["https://app.example"]'), { files: { key } });
  const url = `${broker.httpUrl}/events`;
  const origin = "https://app.example";

  const { headers, status } = await openEvents(t, url, { origin, cookie: `rtbridge=${token("user-1")}` });
  assert.deepEqual([status, headers["access-control-allow-origin"], headers["access-control-allow-credentials"], headers.vary],
    [200, origin, "true", "Origin"]);
  const refused = await openEvents(t, `${url}?snapshot=x`, { origin, ...bearer("user-1") });
  assert.deepEqual([refused.status, refused.headers["access-control-allow-origin"]], [400, origin]);

  const preflight = await request("OPTIONS", url, { origin, "access-control-request-method": "GET",
    "access-control-request-headers": "authorization,last-event-id" });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers["access-control-allow-headers"], /Authorization.*Last-Event-ID/);
  assert.equal((await openEvents(t, url, { origin: "https://evil.example", ...bearer("user-1") })).status, 403);
});

test("a reload that takes rights away ends the stream with a word", async (t) => {
  const { broker, publish } = await started(t, withLogin(), { files: { key } });
  const stream = await openStream(t, broker, "?userId=user-1", bearer("user-1"));
  const stays = await openStream(t, broker, "?userId=user-2", bearer("user-2"));

  broker.write("rtbridge.toml", withLogin().replace('keys = ["{user}"]', 'keys = ["user-2"]'));
  await broker.sighup();

  await stream.end();
  assert.ok(stream.ended);
  const bye = stream.blocks.at(-1);
  assert.deepEqual([bye.event, JSON.parse(bye.data).code, bye.retry], ["bye", 4003, undefined]);
  await publish("battery/topic", battery("user-2", 1));
  await stays.next();
});

test("a token that ends takes its stream along", async (t) => {
  const { broker } = await started(t, withLogin(), { files: { key } });
  const exp = Math.floor(Date.now() / 1000) + 1;

  const stream = await openStream(t, broker, "", { authorization: `Bearer ${token("user-1", { exp })}` });

  await stream.end();
  assert.equal(JSON.parse(stream.blocks.at(-1).data).code, 4202);
});

test("the limit of a user refuses", async (t) => {
  const { broker } = await started(t, withLogin("", "connections_per_user = 1"), { files: { key } });
  const url = `${broker.httpUrl}/events`;
  await openStream(t, broker, "", bearer("user-1"));

  const { status, json } = await openEvents(t, url, bearer("user-1"));

  assert.deepEqual([status, json.error.code], [429, "limit"]);
  await openStream(t, broker, "", bearer("user-2"));
});

test("the limit of the listener makes wait", async (t) => {
  const { broker } = await started(t, config("connections = 2"));
  const url = `${broker.httpUrl}/events`;
  await openStream(t, broker);
  await openStream(t, broker);

  const { status, headers, stream } = await openEvents(t, url);

  assert.deepEqual([status, headers["content-type"]], [200, "text/event-stream"]);
  await stream.end();
  const [bye, more] = stream.blocks;
  assert.equal(more, undefined);
  assert.deepEqual([bye.event, JSON.parse(bye.data).code, JSON.parse(bye.data).why], ["bye", 4100, "limit=connections"]);
  assert.ok(bye.retry >= 1000 && bye.retry <= 13_000, bye.retry);
  assert.equal((await get(`${broker.httpUrl}/api/status`)).status, 503);
});

test("at the end of the broker all streams are told when to come back, each a time of its own", async (t) => {
  const { broker } = await started(t);
  const streams = await Promise.all(Array.from({ length: 20 }, () => openStream(t, broker)));

  const { code } = await broker.stop();

  assert.equal(code, 0);
  const retries = new Set();
  for (const stream of streams) {
    await stream.end();
    assert.ok(stream.ended);
    assert.equal(blocksOf(stream.text).rest, ""); // a blank line ends it
    const { event, data, retry } = stream.blocks.at(-1);
    assert.deepEqual([event, JSON.parse(data).code, JSON.parse(data).why], ["bye", 4200, "shutdown"]);
    retries.add(retry);
  }
  assert.ok(retries.size > 10, [...retries].join());
});

test("status, sessions and metrics name the transport", async (t) => {
  const { broker } = await started(t);
  const stream = await openStream(t, broker, "?topic=plant%2F%23");

  assert.deepEqual((await broker.status()).sessions.by_transport, { sse: 1 });
  const { items } = (await get(`${broker.httpUrl}/api/sessions`)).json;
  assert.deepEqual([items.length, items[0].transport], [1, "sse"]);
  assert.match((await get(`${broker.httpUrl}/metrics`)).text, /rtbridge_sessions\{transport="sse"\} 1/);
  stream.cut();
  await until("its end", async () => /rtbridge_disconnects_total\{code="1006"\} 1/.test((await get(`${broker.httpUrl}/metrics`)).text));
  assert.deepEqual((await broker.status()).sessions.by_transport, {});
});

test("a reader that stalls delays nobody and is ended in time", async (t) => {
  const limits = "[limits.queue]\nsoft = \"64KiB\"\nhard = \"128KiB\"\nclose_after = \"500ms\"\n";
  const { broker, publish } = await started(t, config("", "").replace("[limits]\n", limits));
  const slow = await rawConnection(t, broker);
  slow.write("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(slow, "data");
  slow.pause();
  const quick = await openStream(t, broker);
  const payload = (n) => JSON.stringify({ n, text: "x".repeat(20_000) });

  let sent = 0;
  await until("the end of the slow one", async () => {
    for (let i = 0; i < 20; ++i) await publish(`plant/${sent % 50}`, payload(sent++));
    return /rtbridge_disconnects_total\{code="4101"\} 1/.test((await get(`${broker.httpUrl}/metrics`)).text);
  });

  await until("the last", () => quick.text.includes(`"n":${sent - 1},`));
  assert.equal(quick.closed, false);
  const status = await broker.status();
  assert.ok(status.limits["queue.close_after"] >= 1);
  assert.deepEqual(status.sessions.by_transport, { sse: 1 });
});

// What the broker has used of a processor, in seconds.
function cpuSeconds(broker) {
  const fields = fs.readFileSync(`/proc/${broker.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test("a browser that leaves is noticed at once, however it does", async (t) => {
  const { broker } = await started(t);
  for (const leave of ["end", "destroy", "resetAndDestroy"]) {
    const talk = await rawTalk(t, broker);
    talk.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until("a session", async () => (await broker.status()).sessions.by_transport.sse === 1);

    talk.socket[leave]();

    await until(`its end by ${leave}()`, async () => (await broker.status()).sessions.total === 0, 5_000);
  }
  assert.ok(cpuSeconds(broker) < 3, `${cpuSeconds(broker)} s`); // nothing turned without a rest
});

test("a request during a stream is not answered, and ends the connection", async (t) => {
  const { broker, publish } = await started(t);
  const stats = "GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const stream = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const together = await rawTalk(t, broker);
  together.send(stream + stats);
  await until("a stream", () => together.text.includes("retry: "));
  const later = await rawTalk(t, broker);
  later.send(stream);
  await until("another", () => later.text.includes("retry: "));

  later.send(stats);
  await later.end();

  await publish("plant/1", "1");
  await until("the update, or the end", () => together.ended || together.text.includes("data: 1\n\n"));
  assert.deepEqual([together.statuses(), later.statuses()], [[200], [200]]);
});

test("a request with a body opens no stream that goes wrong", async (t) => {
  const { broker, publish } = await started(t);
  const stream = await openStream(t, broker);
  const { statuses } = await exchange(t, broker, "GET /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  assert.ok(statuses.length <= 1, statuses.join());
  await publish("plant/1", "1");
  await stream.next();
});

test("a thousand streams on two threads get everything", async (t) => {
  const { broker, publish } = await started(t, config("", "threads = 2"));
  const before = broker.rssBytes;
  const streams = [];
  for (let i = 0; i < 10; ++i) {
    streams.push(...(await Promise.all(Array.from({ length: 100 }, () => openStream(t, broker, "?topic=plant%2F%23")))));
  }
  await until("all sessions", async () => (await broker.status()).sessions.by_transport.sse === 1000);
  const kibEach = (broker.rssBytes - before) / 1024 / 1000;
  t.diagnostic(`${kibEach.toFixed(1)} KiB per idle stream`);
  if (!process.env.RTBRIDGE_MOSQUITTO && !process.env.LD_PRELOAD) assert.ok(kibEach < 12, `${kibEach} KiB`);

  for (let n = 0; n < 50; ++n) await publish("plant/1", `${n}`);

  const expected = Array.from({ length: 50 }, (_, n) => n);
  for (const stream of streams) {
    await until("all updates", () => stream.events.length >= 50);
    assert.deepEqual(dataOf(stream), expected);
  }
  for (const stream of streams) stream.cut();
  await until("no session", async () => (await broker.status()).sessions.by_transport.sse === undefined);
});

test("over TLS", async (t) => {
  const certificate = makeCertificate("sse");
  const { broker, publish } = await started(t, config("", 'tls = { cert = "cert.pem", key = "key.pem" }'),
    { files: certificateFiles(certificate) });
  const stream = await openStream(t, broker);
  const text = "x".repeat(100_000);

  for (let n = 0; n < 30; ++n) {
    await publish("plant/1", JSON.stringify({ n, text }));
    assert.equal((await stream.nextJson()).n, n);
  }
  await broker.stop();
  await stream.end();
  assert.equal(stream.blocks.at(-1).event, "bye");
});

// What a page sees of an EventSource, in order.
function listen(t, url, options) {
  const source = new EventSource(url, options);
  const seen = [];
  source.onopen = () => seen.push("open");
  source.onerror = ({ code }) => seen.push(code ? `error ${code}` : "error");
  source.onmessage = ({ data }) => seen.push(JSON.parse(data));
  source.addEventListener("imuData", ({ data }) => seen.push(["imuData", JSON.parse(data)]));
  source.addEventListener("bye", ({ data }) => seen.push(["bye", JSON.parse(data).code]));
  t.after(() => source.close());
  const has = (...expected) => until(`${JSON.stringify(expected)} in ${JSON.stringify(seen)}`, () =>
    seen.length >= expected.length).then(() => assert.deepEqual(seen.slice(0, expected.length), expected));
  return { source, seen, has };
}

test("the EventSource of npm reads it, stops at a refusal, and comes back after a restart", async (t) => {
  const port = await freePort();
  const rtbridge = config().replace("127.0.0.1:0", `127.0.0.1:${port}`);
  const { broker, publish } = await started(t, rtbridge);
  const page = listen(t, `${broker.httpUrl}/events?topic=imu%2F%23&topic=plant%2F%23`);
  await page.has("open");
  await publish("imu/1", '{"x":1}');
  await publish("plant/1", "2");
  await page.has("open", ["imuData", { x: 1 }], 2);

  const refused = listen(t, `${broker.httpUrl}/events?topic=a%23`);
  await refused.has("error 400");
  assert.equal(refused.source.readyState, EventSource.CLOSED);

  await broker.stop();
  await page.has("open", ["imuData", { x: 1 }], 2, ["bye", 4200], "error");
  const again = await started(t, rtbridge);
  await until("it is back", () => page.seen.at(-1) === "open");
  await again.publish("plant/1", "3");
  await until("the next update", () => page.seen.at(-1) === 3);
});

// A way to the broker that a test can cut.
async function cuttable(t, broker) {
  const sockets = new Set();
  const { hostname, port } = new URL(broker.httpUrl);
  const server = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      sockets.add(from);
      from.on("error", () => {});
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => sockets.forEach((socket) => socket.destroy());
  t.after(() => (cut(), server.close()));
  return { url: `http://127.0.0.1:${server.address().port}`, cut };
}

test("the EventSource of Chromium reads it and goes on where it was", async (t) => {
  const pages = http.createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html>"));
  pages.listen(0, "127.0.0.1");
  await once(pages, "listening");
  t.after(() => pages.close());
  const origin = `http://127.0.0.1:${pages.address().port}`;
  const { broker, publish } = await started(t, config("", `origins = ["${origin}"]`));
  const way = await cuttable(t, broker);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(origin);
  await page.evaluate((url) => {
    window.seen = [];
    const source = new EventSource(url, { withCredentials: true });
    source.onopen = () => window.seen.push("open");
    source.onmessage = ({ data, lastEventId }) => window.seen.push([JSON.parse(data), lastEventId]);
    source.addEventListener("imuData", ({ data }) => window.seen.push(["imuData", JSON.parse(data)]));
    source.addEventListener("bye", ({ data }) => window.seen.push(["bye", JSON.parse(data).code]));
  }, `${way.url}/events?topic=log%2F%23&topic=imu%2F%23&snapshot=0`);
  const seen = (what, probe) => until(what, async () => {
    const found = await page.evaluate(() => window.seen);
    return probe(found) && found;
  });
  await seen("open", (all) => all.length === 1);
  await publish("imu/1", '{"x":1}');
  await publish("log/1", '{\r\n"n":1}');
  const [, named, [body, id]] = await seen("both", (all) => all.length === 3);
  assert.deepEqual(named, ["imuData", { x: 1 }]);
  assert.deepEqual([body, offsetOf(id)], [{ n: 1 }, 2]);

  way.cut();
  await publish("log/1", '{"n":2}');
  await publish("log/1", '{"n":3}');
  const all = await seen("what was missed", (found) => found.length === 6);
  assert.deepEqual(all.slice(3).map((entry) => entry[0].n ?? entry), ["open", 2, 3]);

  await broker.stop();
  await seen("bye", (found) => found.some(([name, code]) => name === "bye" && code === 4200));
});
