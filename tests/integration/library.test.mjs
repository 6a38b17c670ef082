// The browser library against a scripted server: what a real one can't be made to do.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { EventSource } from "eventsource";
import WebSocket from "ws";
import { FakeClock, startFakeServer } from "./fake_server.mjs";
import { until } from "./harness.mjs";
import { follow, open, servedSource, source, typesFile } from "./library.mjs";

const live = (s, o, more = {}) => ({ s, t: `t/${o}`, o, ts: 1000 + o, d: { o }, ...more });
const turn = () => new Promise((resolve) => setTimeout(resolve, 20)); // for what must not come

// A client whose first subscription is answered by the test.
async function scripted(t, options = {}) {
  const server = await startFakeServer(t, { subscribe() {}, ...options.server });
  const client = open(t, server.url, options);
  return { server, ...client };
}

describe("what is served", () => {
  test("is at most 4 KB gzipped", () => {
    assert.ok(gzipSync(servedSource).length <= 4096, `${gzipSync(servedSource).length} bytes`);
  });

  test("has the texts of the source, and needs nothing else", () => {
    const code = source.replace(/^ *\/\/.*\n/gm, "");
    const texts = (script) => script.match(/"[^"\n]*"|`[^`]*`|\/\([^\n]*?\)\/|\/http\|ws\//g);
    assert.deepEqual(texts(servedSource), texts(code));
    assert.doesNotMatch(code, /\/\/|\/\*|`|'/);
    assert.doesNotMatch(servedSource, /\bimport\b(?!\.meta)|\brequire\b/);
  });

  test("has types that a strict compiler takes, and that refuse mistakes", (t) => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-types-"));
    t.after(() => fs.rmSync(directory, { recursive: true }));
    fs.copyFileSync(typesFile, path.join(directory, "rtbridge.d.ts"));
    const file = path.join(directory, "page.ts");
    fs.writeFileSync(file, `
      import { connect } from "./rtbridge.js";
      const rt = connect("https://example.org/", {
        getToken: async () => "token",
        onstatus(status, detail) { if (status === "waiting") console.log(detail.delay); },
      });
      connect(); connect({ name: "panel" });
      const sub = rt.subscribe<{ soc: number }>(["a/+", "b"], { key: "k", mode: "latest", maxRate: 2, snap: true,
        onstatus(status, detail) { if (status === "gap") console.log(detail.n); } },
        ({ topic, data, ts }) => console.log(topic.length, data.soc + 1, ts ?? 0));
      rt.subscribe("a", (message) => message.data.anything);
      sub.unsubscribe();
      const page = await rt.get<number>("a/#", { limit: 5 });
      console.log(page.items[0]!.data + 1, page.next, (await rt.stats()).queue_bytes, rt.status === "open");
      await rt.publish("a", { mode: "eco" }, { qos: 1, retain: true });
      rt.reconnect(); rt.close();
      // @ts-expect-error
      rt.publish();
      // @ts-expect-error
      rt.subscribe("a", { mode: "some" }, () => {});
      // @ts-expect-error
      connect({ getToken: 5 });
      // @ts-expect-error
      rt.status = "open";
      // @ts-expect-error
      rt.publish("a", 1, { qos: 3 });
    `);
    const { stdout } = spawnSync(process.execPath, [
      fileURLToPath(new URL("node_modules/typescript/bin/tsc", import.meta.url)), "--strict", "--noEmit", "--skipDefaultLibCheck", "--target",
      "es2022", "--module", "es2022", "--moduleResolution", "bundler", "--lib", "es2022,dom", file]);
    assert.equal(stdout.toString(), "");
  });
});

describe("a connection", () => {
  test("says hello, subscribes, and turns frames into messages", async (t) => {
    const { server, rt, status } = await scripted(t, { name: "panel", getToken: () => "secret" });
    const a = follow(rt, ["b/#", "a/+"], { key: "user-1", mode: "latest", maxRate: 2, snap: true });
    const peer = await server.peer();

    assert.deepEqual(await peer.next("hello"),
      { id: 1, op: "hello", token: "secret", features: ["batch"], name: "panel" });
    const sub = await peer.next("sub");
    assert.deepEqual(sub, { id: 2, op: "sub", topics: ["a/+", "b/#"], key: "user-1", mode: "latest", max_rate: 2, snap: true });
    assert.equal((await status("open")).user, "anna");
    assert.equal(rt.status, "open");
    assert.equal(peer.ws.protocol, "rtbridge.v1");

    peer.reply(sub, { sub: 1, offset: 100, recovered: "new" });
    peer.send([{ s: 1, t: "a/1", o: 90, ts: 5, d: { x: 1 }, r: 1, k: "user-1" }, { s: 1, eos: 100 }],
      { s: 1, t: "a/1", o: 101, ts: 6, x: "text" }, { s: 1, t: "a/1", o: 102, ts: 7, b64: "AP8=" });
    await a.has("new", 90, 101, 102);

    assert.deepEqual(a.log, ["new", 90, 101, 102]);
    const [first, text, bytes] = a.messages;
    assert.deepEqual(first, { topic: "a/1", key: "user-1", data: { x: 1 }, text: undefined, bytes: undefined,
      offset: 90, ts: 5, recovered: true });
    assert.equal(text.text, "text");
    assert.equal(text.recovered, false);
    assert.deepEqual(bytes.bytes, new Uint8Array([0, 255]));
  });

  test("answers probes of the server", async (t) => {
    const { server, status } = await scripted(t);
    await status("open");
    const peer = await server.peer();
    peer.send({ p: 1234 });
    assert.deepEqual(await peer.next("q"), { q: 1234 });
  });

  test("takes URLs of the server in all forms", async (t) => {
    const server = await startFakeServer(t);
    for (const url of [server.url, `${server.url}ws`, server.url.replace("http", "ws"), new URL(server.url)]) {
      await open(t, url).status("open");
    }
    assert.deepEqual(server.peers.map(({ request }) => request.url), ["/ws", "/ws", "/ws", "/ws"]);
  });

  test("goes on when a callback throws", async (t) => {
    const reported = [];
    t.mock.method(console, "error", (error) => reported.push(error.message));
    const { server, rt } = await scripted(t);
    const seen = [];
    rt.subscribe("#", { onstatus: () => { throw new Error("status"); } }, ({ offset }) => {
      seen.push(offset);
      throw new Error(`message ${offset}`);
    });
    const peer = await server.peer();
    peer.reply(await peer.next("sub"), { sub: 1, offset: 100, recovered: "new" });
    peer.send({ s: 1, eos: 100 }, [live(1, 101), live(1, 102)]);

    await until("both messages", () => seen.length === 2 && reported.length === 3);
    assert.deepEqual(reported, ["status", "message 101", "message 102"]);
    assert.equal(server.peers.length, 1);
  });

  test("closed by a callback in the midst of a batch, delivers nothing more and stays closed", async (t) => {
    const { server, rt, status } = await scripted(t);
    const seen = [];
    rt.subscribe("#", ({ offset }) => {
      seen.push(offset);
      rt.close();
    });
    const peer = await server.peer();
    peer.reply(await peer.next("sub"), { sub: 1, offset: 100, recovered: "new" });
    peer.send([live(1, 101), live(1, 102), { s: 1, eos: 102 }]);

    assert.deepEqual(await status("closed"), { code: 1000, reason: "close()" });
    await until("the end of the socket", () => peer.closed);
    await turn();
    assert.deepEqual(seen, [101]);
    assert.equal(server.peers.length, 1);
  });

  test("comes back after what is no JSON", async (t) => {
    const { server, status } = await scripted(t);
    await status("open");
    (await server.peer()).ws.send("{nonsense");
    assert.equal((await status("waiting")).code, 1007);
    await status("open", 2);
  });
});

describe("subscriptions", () => {
  test("equal ones share one, which ends with the last", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, ["x", "y"]);
    const b = follow(rt, ["y", "x"]);
    const other = follow(rt, ["y", "x"], { mode: "all" });
    const peer = await server.peer();
    const [first, second] = [await peer.next("sub"), await peer.next("sub")];
    peer.reply(first, { sub: 1, offset: 100, recovered: "new" });
    peer.reply(second, { sub: 2, offset: 100, recovered: "new" });
    peer.send({ s: 1, eos: 100 }, live(1, 101));
    await a.has("new", 101);

    assert.deepEqual(b.log, ["new", 101]);
    assert.deepEqual(other.log, ["new"]);
    a.unsubscribe();
    a.unsubscribe();
    peer.send(live(1, 102));
    await b.has("new", 101, 102);
    b.unsubscribe();
    assert.equal((await peer.next("unsub")).sub, 1);
    peer.send(live(1, 103), live(2, 104));
    await other.has("new", 104);
    assert.deepEqual([a.log, b.log], [["new", 101], ["new", 101, 102]]);
    assert.equal(peer.asked("sub").length, 2);
  });

  test("who comes later gets the newest values too, and nobody gets anything twice", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "x/#");
    const peer = await server.peer();
    peer.reply(await peer.next("sub"), { sub: 1, offset: 100, recovered: "new" });
    peer.send({ s: 1, t: "x/1", o: 90, r: 1, d: 1 }, { s: 1, eos: 100 }, live(1, 101));
    await a.has("new", 90, 101);

    const b = follow(rt, "x/#");
    const again = await peer.next("sub");
    assert.equal(again.since, undefined);
    peer.send(live(1, 102));
    peer.reply(again, { sub: 2, offset: 102, recovered: "new" });
    peer.send({ s: 2, t: "x/1", o: 90, r: 1, d: 1 }, { s: 2, t: "x/2", o: 102, r: 1, d: 1 },
      live(1, 103), live(2, 103), { s: 2, eos: 102 });
    assert.equal((await peer.next("unsub")).sub, 2);
    peer.send(live(1, 104));
    await b.has("new", 102, 90, 103, 104);

    assert.deepEqual(b.log, ["new", 102, 90, 103, 104]);
    assert.deepEqual(a.log, ["new", 90, 101, 102, 103, 104]);
  });

  test("who came later, and lost the connection before its newest values, gets them after it", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "x/#");
    let peer = await server.peer();
    peer.reply(await peer.next("sub"), { sub: 1, offset: 100, recovered: "new" });
    peer.send({ s: 1, t: "x/1", o: 90, r: 1, d: 1 }, { s: 1, eos: 100 });
    await a.has("new", 90);
    const b = follow(rt, "x/#");
    await peer.next("sub");
    peer.terminate();

    peer = await server.peer(2);
    const renewed = await peer.next("sub");
    assert.deepEqual(renewed.since, { epoch: "m4x1", offset: 100 });
    peer.reply(renewed, { sub: 1, offset: 101, recovered: "full" });
    peer.send(live(1, 101), { s: 1, eos: 101 });
    const late = await peer.next("sub");
    peer.reply(late, { sub: 2, offset: 101, recovered: "new" });
    peer.send({ s: 2, t: "x/1", o: 90, r: 1, d: 1 }, { s: 2, ...live(1, 101), s: 2, r: 1 }, { s: 2, eos: 101 });
    await b.has("new", "recovered", 101, 90);

    assert.deepEqual(b.log, ["new", "recovered", 101, 90]);
    assert.deepEqual(a.log, ["new", 90, "recovered", 101]);
  });

  test("taken back before the answer, is taken back at the server as well", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "x");
    const peer = await server.peer();
    const sub = await peer.next("sub");
    a.unsubscribe();
    peer.reply(sub, { sub: 7, offset: 100, recovered: "new" });
    assert.equal((await peer.next("unsub")).sub, 7);
    assert.deepEqual(a.log, []);
  });

  test("that are refused or taken away end, others go on", async (t) => {
    const { server, rt } = await scripted(t);
    const refused = follow(rt, "secret/#");
    const taken = follow(rt, "x");
    const kept = follow(rt, "y", { mode: "all" });
    const peer = await server.peer();
    const subs = [await peer.next("sub"), await peer.next("sub"), await peer.next("sub")];
    peer.refuse(subs[0], { code: "forbidden", n: 103, msg: "no read access to secret/#", retry: false });
    peer.reply(subs[1], { sub: 1, offset: 100, recovered: "new" });
    peer.reply(subs[2], { sub: 2, offset: 100, recovered: "new" });
    peer.send({ s: 1, end: { code: "forbidden" } }, live(1, 101), live(2, 101));
    await kept.has("new", 101);

    assert.deepEqual(refused.log, ["ended"]);
    assert.equal(refused.details[0].n, 103);
    assert.deepEqual(taken.log, ["new", "ended"]);
    peer.terminate();
    const again = await server.peer(2);
    await again.next("hello");
    assert.deepEqual((await again.next("sub")).topics, ["y"]);
    await turn();
    assert.equal(again.asked("sub").length, 1);
  });

  test("refused for now, are asked for again after the time that was told", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "x");
    const peer = await server.peer();
    peer.refuse(await peer.next("sub"), { code: "rate", n: 111, msg: "too many", retry: true, after: 5 });
    peer.reply(await peer.next("sub"), { sub: 1, offset: 100, recovered: "new" });
    await a.has("new");
    assert.deepEqual(a.log, ["new"]);
  });
});

describe("recovery", () => {
  // Ends connection n and returns the subscription request of the next one, with its peer.
  async function nextSub(server, n) {
    (await server.peer(n)).terminate();
    const peer = await server.peer(n + 1);
    return [peer, await peer.next("sub")];
  }

  test("goes on after the last message or the end of the newest values, whatever a gap says", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "#");
    let peer = await server.peer();
    let sub = await peer.next("sub");
    assert.equal(sub.since, undefined);
    peer.reply(sub, { sub: 1, offset: 100, recovered: "new" });
    peer.send(live(1, 50, { r: 1 }), { s: 1, eos: 100 });
    await a.has("new", 50);

    for (const [n, frame, offset] of [
      [1, undefined, 100],
      [2, live(1, 133), 133],
      [3, { s: 1, gap: { from: 134, to: 150, n: 9, why: "slow" } }, 134], // where the renewal was
      [4, live(1, 140), 140], // waited while newer ones were conflated
    ]) {
      if (frame) peer.send(frame);
      await until("the frame", () => !frame || a.log.includes(frame.o ?? "gap"));
      [peer, sub] = await nextSub(server, n);
      assert.deepEqual(sub.since, { epoch: "m4x1", offset });
      peer.reply(sub, { sub: 1, offset: offset + 1, recovered: "full" });
      peer.send({ s: 1, eos: offset });
      await until("the renewal", () => a.log.filter((entry) => entry === "recovered").length === n);
    }
    assert.deepEqual(a.log, ["new", 50, "recovered", 133, "recovered", "gap", "recovered", 140, "recovered"]);
    assert.deepEqual(a.details, [{ from: 134, to: 150, n: 9, why: "slow" }]);
  });

  test("works before the answer, twice in a row, and before the missed ones were all there", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "#", { mode: "all" });
    let [peer, sub] = [await server.peer()];
    await peer.next("sub");
    [peer, sub] = await nextSub(server, 1);
    assert.equal(sub.since, undefined);
    peer.reply(sub, { sub: 1, offset: 100, recovered: "new" });
    await a.has("new");
    for (const n of [2, 3]) {
      [peer, sub] = await nextSub(server, n); // before any message, before the answer
      assert.deepEqual(sub.since, { epoch: "m4x1", offset: 100 });
    }

    // A live one overtakes those that were missed; the connection ends before the end of them.
    peer.reply(sub, { sub: 1, offset: 105, recovered: "full" });
    peer.send(live(1, 101), live(1, 102), live(1, 106));
    await a.has("new", "recovered", 101, 102, 106);
    [peer, sub] = await nextSub(server, 4);
    assert.deepEqual(sub.since, { epoch: "m4x1", offset: 100 });
    peer.reply(sub, { sub: 1, offset: 107, recovered: "full" });
    peer.send(...[101, 102, 103, 104, 105, 106, 107].map((o) => live(1, o)), { s: 1, eos: 107 });
    await a.has("new", "recovered", 101, 102, 106, "recovered", 103, 104, 105, 107);
    [peer, sub] = await nextSub(server, 5);
    assert.deepEqual(sub.since, { epoch: "m4x1", offset: 107 });

    assert.deepEqual(a.log, ["new", "recovered", 101, 102, 106, "recovered", 103, 104, 105, 107]);
  });

  test("cut off in the midst of the first newest values, begins anew and says so", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "#");
    let peer = await server.peer();
    let sub = await peer.next("sub");
    peer.reply(sub, { sub: 1, offset: 100, recovered: "new" });
    peer.send(live(1, 50, { r: 1 }), live(1, 101));
    await a.has("new", 50, 101);
    [peer, sub] = await nextSub(server, 1);
    assert.equal(sub.since, undefined);
    peer.reply(sub, { sub: 1, offset: 101, recovered: "new" });
    peer.send(live(1, 50, { r: 1 }), live(1, 101, { r: 1 }), { s: 1, eos: 101 });
    await a.has("new", 50, 101, "reset", 50, 101);
    assert.deepEqual(a.log, ["new", 50, 101, "reset", 50, 101]);
  });

  test("says latest, and reset where the server can't go on", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "#");
    let peer = await server.peer();
    let sub = await peer.next("sub");
    peer.reply(sub, { sub: 1, offset: 100, recovered: "new" });
    peer.send({ s: 1, eos: 100 });
    [peer, sub] = await nextSub(server, 1);
    peer.reply(sub, { sub: 1, offset: 120, recovered: "latest" });
    peer.send(live(1, 119, { r: 1 }), live(1, 110, { r: 1 }), { s: 1, eos: 120 });
    await a.has("new", "latest", 119, 110);

    server.epoch = "other"; // a new process: offsets begin anew
    [peer, sub] = await nextSub(server, 2);
    assert.deepEqual(sub.since, { epoch: "m4x1", offset: 120 });
    peer.reply(sub, { sub: 1, offset: 7, recovered: "none" });
    peer.send(live(1, 5, { r: 1 }), { s: 1, eos: 7 }, live(1, 8));
    await a.has("new", "latest", 119, 110, "reset", 5, 8);
    [peer, sub] = await nextSub(server, 3);
    assert.deepEqual(sub.since, { epoch: "other", offset: 8 });

    assert.deepEqual(a.log, ["new", "latest", 119, 110, "reset", 5, 8]);
  });

  test("with max_rate does not go on behind what was held back", async (t) => {
    const { server, rt } = await scripted(t);
    const a = follow(rt, "#", { maxRate: 2 }); // held back for 500 ms, and a second on the way
    let peer = await server.peer();
    let sub = await peer.next("sub");
    peer.reply(sub, { sub: 1, offset: 100, recovered: "new" });
    peer.send({ s: 1, eos: 100 }, live(1, 102, { ts: 5000 }), live(1, 103, { ts: 5200 }), live(1, 101, { ts: 4900 }));
    await a.has("new", 102, 103, 101);
    [peer, sub] = await nextSub(server, 1);
    assert.equal(sub.since.offset, 100);
    peer.reply(sub, { sub: 1, offset: 104, recovered: "latest" });
    peer.send(...[101, 102, 103, 104].map((o) => live(1, o, { r: 1, ts: 5000 })), { s: 1, eos: 104 });
    peer.send(live(1, 105, { ts: 7000 }), live(1, 106, { ts: 7300 }), live(1, 107, { ts: 8600 }), live(1, 108, { ts: 10200 }));
    await a.has("new", 102, 103, 101, "latest", 104, 105, 106, 107, 108);
    [peer, sub] = await nextSub(server, 2);
    assert.equal(sub.since.offset, 107);
    assert.deepEqual(a.log, ["new", 102, 103, 101, "latest", 104, 105, 106, 107, 108]);
  });

  test("under a server that flaps loses nothing and brings nothing twice", async (t) => {
    // A server with a history, whose connections end at any point.
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const history = [];
    const server = await startFakeServer(t, {
      offset: 0,
      subscribe(peer, frame) {
        const from = frame.since?.offset ?? history.length;
        if (random() < 0.2) return peer.terminate();
        peer.reply(frame, { sub: 1, offset: history.length, recovered: frame.since ? "full" : "new" });
        for (const o of history.slice(from)) {
          if (random() < 0.002) return peer.terminate();
          peer.send(live(1, o));
        }
        if (random() < 0.2) return peer.terminate();
        peer.send({ s: 1, eos: history.length });
        peer.live = true;
      },
    });
    const { rt } = open(t, server.url);
    const a = follow(rt, "#", { mode: "all" });
    await a.has("new");

    while (history.length < 400) {
      history.push(history.length + 1);
      const peer = server.peers.at(-1);
      if (peer.live && !peer.gone) peer.send(live(1, history.length));
      if (random() < 0.1 && !peer.gone) {
        peer.gone = true;
        peer.terminate();
        // Sometimes much happens in the meantime.
        if (random() < 0.7) await until("the next connection", () => server.peers.at(-1) !== peer);
      }
      if (random() < 0.5) await new Promise((resolve) => setImmediate(resolve));
    }
    const offsets = () => a.log.filter((entry) => typeof entry === "number");
    await until("all messages", () => offsets().length >= 400);
    await turn();

    assert.deepEqual(offsets(), history);
    assert.ok(!a.log.includes("reset"));
    assert.ok(server.peers.length > 10, `${server.peers.length} connections`);
  });
});

describe("coming back", () => {
  const clocked = async (t, options = {}) => {
    const clock = new FakeClock();
    const server = await startFakeServer(t, options.server);
    const client = open(t, server.url, { random: () => 1, ...clock.options, ...options });
    return { clock, server, ...client };
  };

  test("waits longer each time up to 20 s, and begins anew after 10 s of connection", async (t) => {
    const { clock, server, status } = await clocked(t, { server: { answer: (peer) => peer.terminate() } });
    const delays = [];
    for (let n = 1; n <= 8; ++n) {
      delays.push((await status("waiting", n)).delay);
      if (n === 8) delete server.answer;
      clock.advance(delays.at(-1));
    }
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000]);

    await status("open");
    clock.advance(9_000);
    server.peers.at(-1).terminate();
    assert.equal((await status("waiting", 9)).delay, 20000);
    clock.advance(20000);
    await status("open", 2);
    clock.advance(10_000);
    server.peers.at(-1).terminate();
    assert.equal((await status("waiting", 10)).delay, 500);
  });

  test("spreads over the whole time that it may wait", async (t) => {
    const draws = [0, 0.25];
    const { clock, status } = await clocked(t, {
      server: { answer: (peer) => peer.terminate() }, random: () => draws.shift() });
    assert.equal((await status("waiting")).delay, 0);
    clock.advance(0);
    assert.equal((await status("waiting", 2)).delay, 250);
  });

  test("in a drain keeps to the window of bye, once", async (t) => {
    const { clock, server, status } = await clocked(t, { random: () => 0.5 });
    await status("open");
    const peer = await server.peer();
    peer.send({ op: "bye", code: 4200, why: "shutdown", retry: { min: 2000, max: 12000 } });
    await turn();
    assert.equal(server.peers.length, 1); // the server closes
    peer.close(4200, "shutdown");
    assert.deepEqual(await status("waiting"), { delay: 7000, code: 4200, reason: "shutdown" });
    server.answer = (second) => second.terminate();
    clock.advance(7000);
    assert.equal((await status("waiting", 2)).delay, 500);
  });

  test("knows the code from bye where the close got lost", async (t) => {
    const { server, status } = await clocked(t);
    await status("open");
    const peer = await server.peer();
    peer.send({ op: "bye", code: 4007, why: "kicked" });
    peer.terminate();
    assert.deepEqual(await status("closed"), { code: 4007, reason: "kicked" });
  });

  test("does not after 40xx, until someone asks", async (t) => {
    for (const code of [4000, 4002, 4003, 4099]) {
      const { server, rt, status } = await clocked(t);
      const a = follow(rt, "x");
      await a.has("new");
      (await server.peer()).close(code, "no");
      assert.deepEqual(await status("closed"), { code, reason: "no" });
      await assert.rejects(rt.get("#"), { code: "offline" });
      rt.reconnect();
      await a.has("new", "recovered");
    }
  });

  test("does after 41xx, 42xx and whatever else ends a connection", async (t) => {
    for (const code of [1000, 1001, 1008, 1009, 1011, 4100, 4101, 4103, 4200, 4203, 4999]) {
      const { server, status } = await clocked(t);
      await status("open");
      (await server.peer()).close(code);
      assert.equal((await status("waiting")).code, code);
    }
  });

  test("tries at once when the network is back or the page is seen again", async (t) => {
    for (const type of ["online", "visibilitychange"]) {
      const target = new EventTarget();
      globalThis.addEventListener = target.addEventListener.bind(target);
      globalThis.removeEventListener = target.removeEventListener.bind(target);
      t.after(() => {
        delete globalThis.addEventListener;
        delete globalThis.removeEventListener;
      });
      const document = { visibilityState: "visible" };
      const { server, rt, status, clock } = await clocked(t, { document });
      await status("open");
      (await server.peer()).terminate();
      await status("waiting");
      document.visibilityState = "hidden";
      target.dispatchEvent(new Event(type));
      assert.equal(rt.status, "waiting");
      document.visibilityState = "visible";
      target.dispatchEvent(new Event(type));
      await status("open", 2);

      // A connection that is there has to show that it is.
      const peer = await server.peer(2);
      server.answer = () => {};
      target.dispatchEvent(new Event(type));
      await peer.next("stats");
      clock.advance(8_000);
      assert.equal((await status("waiting", 2)).reason, "silent");

      rt.close();
      target.dispatchEvent(new Event(type));
      assert.equal(rt.status, "closed");
    }
  });

  test("after a sleep asks whether the connection is one, or drops what is surely dead", async (t) => {
    const { clock, server, status } = await clocked(t, { server: { hello: { ping: 20 } } });
    await status("open");
    const peer = await server.peer();
    clock.sleep(20_000);
    clock.advance(0);
    await peer.next("stats");
    await turn();
    clock.advance(6_000); // it answered
    assert.equal(server.peers.length, 1);

    clock.sleep(3_600_000);
    clock.advance(0);
    assert.equal((await status("waiting")).code, 1006);
    clock.advance(500);
    await status("open", 2);
  });

  test("notices that nothing comes any more", async (t) => {
    const { clock, server, status, rt } = await clocked(t);
    await status("open");
    const peer = await server.peer();
    for (let i = 0; i < 5; ++i) {
      clock.advance(20_000);
      peer.send({ p: i + 1 }); // any frame is a sign of life
      await peer.next("q");
    }
    assert.equal(rt.status, "open");
    clock.advance(38_000);
    assert.equal((await status("waiting")).reason, "silent");
    await until("the end of the socket", () => peer.closed);
  });

  test("gives up on a socket that does not open, or a hello without an answer", async (t) => {
    const { clock, status, server } = await clocked(t, { server: { answer() {} } });
    await (await server.peer()).next("hello");
    clock.advance(13_000);
    assert.equal((await status("waiting")).reason, "silent");
  });

  test("ignores late events of older sockets", async (t) => {
    const sockets = [];
    class Socket {
      sent = [];
      constructor() {
        sockets.push(this);
      }
      send(text) {
        this.sent.push(JSON.parse(text));
      }
      close() {}
      open() {
        this.onopen();
        this.receive({ re: this.sent[0].id, ok: { epoch: "e", offset: 0, ping: 20 } });
      }
      receive(frame) {
        this.onmessage({ data: JSON.stringify(frame) });
      }
    }
    const clock = new FakeClock();
    const { rt, statuses } = open(t, "http://localhost/", { WebSocket: Socket, random: () => 0, ...clock.options });
    const a = follow(rt, "#", { mode: "all" });
    await until("a socket", () => sockets.length === 1);
    const [old] = sockets;
    old.open();
    old.receive({ re: old.sent[1].id, ok: { sub: 1, offset: 0, recovered: "new" } });
    rt.reconnect();
    await until("another", () => sockets.length === 2);
    old.receive(live(1, 1));
    old.onclose({ code: 4003, reason: "old" });
    old.onopen();
    sockets[1].open();
    old.receive({ re: sockets[1].sent[1].id, ok: { sub: 9, offset: 0, recovered: "none" } });
    old.onclose({ code: 4003, reason: "old" });

    assert.deepEqual(a.log, ["new"]);
    assert.equal(old.sent.length, 2);
    assert.deepEqual(statuses.map(([status]) => status), ["connecting", "open", "connecting", "open"]);
    assert.equal(sockets[1].sent[1].since.offset, 0);
  });

  test("leaves no timer behind when it is closed", async (t) => {
    const { clock, status, rt } = await clocked(t);
    await status("open");
    rt.close();
    assert.equal(clock.pending, 0);
  });

  test("can be closed at once", async (t) => {
    const server = await startFakeServer(t);
    const { rt, statuses } = open(t, server.url);
    rt.close();
    await turn();
    assert.equal(server.attempts, 0);
    assert.deepEqual(statuses.map(([status]) => status), ["closed"]);
  });
});

describe("tokens", () => {
  const issuer = () => {
    const given = [];
    return { given, getToken: async () => (given.push(`token-${given.length + 1}`), given.at(-1)) };
  };

  test("that expired are replaced at once", async (t) => {
    const { given, getToken } = issuer();
    const server = await startFakeServer(t);
    const { status } = open(t, server.url, { getToken, random: () => 1 });
    await status("open");
    (await server.peer()).close(4202, "token expired");
    assert.equal((await (await server.peer(2)).next("hello")).token, "token-2");
    await status("open", 2);
    assert.deepEqual(given, ["token-1", "token-2"]);
  });

  test("that hello refuses as expired are replaced, once without waiting", async (t) => {
    const { given, getToken } = issuer();
    const server = await startFakeServer(t, {
      answer: (peer, frame) => peer.refuse(frame, { code: "token_expired", n: 109, msg: "expired", retry: false }),
    });
    const { status } = open(t, server.url, { getToken, random: () => 1 });
    assert.deepEqual(await status("waiting"), { delay: 500, code: 4202, reason: "expired" });
    assert.deepEqual(given, ["token-1", "token-2"]);
  });

  test("that are invalid are replaced once, then it is over", async (t) => {
    const { given, getToken } = issuer();
    const server = await startFakeServer(t, { answer: (peer) => peer.close(4001, "invalid token") });
    const { status } = open(t, server.url, { getToken });
    assert.deepEqual(await status("closed"), { code: 4001, reason: "invalid token" });
    assert.deepEqual(given, ["token-1", "token-2"]);
    assert.equal(server.peers.length, 2);
  });

  test("without a source, an invalid one is the end and an expired one is not", async (t) => {
    const server = await startFakeServer(t);
    const first = open(t, server.url);
    await first.status("open");
    (await server.peer()).close(4202, "token expired");
    await first.status("open", 2);
    (await server.peer(2)).close(4001, "invalid token");
    assert.equal((await first.status("closed")).code, 4001);
  });

  test("are renewed before they expire", async (t) => {
    const clock = new FakeClock();
    const { given, getToken } = issuer();
    const server = await startFakeServer(t, {
      hello: { ttl: 100 },
      answer(peer, frame) {
        if (frame.op === "hello") peer.hello(frame, { ttl: 10 });
        else if (frame.op === "auth") peer.reply(frame, { ttl: 10 });
      },
    });
    const { status } = open(t, server.url, { getToken, ...clock.options });
    await status("open");
    const peer = await server.peer();
    for (const token of ["token-2", "token-3"]) {
      clock.advance(8_900);
      await turn();
      assert.equal(given.at(-1) === token, false);
      clock.advance(200);
      assert.equal((await peer.next("auth")).token, token);
      await turn();
    }
  });

  test("whose source fails are asked for again later", async (t) => {
    let asked = 0;
    const server = await startFakeServer(t);
    const getToken = () => {
      if (++asked < 3) throw new Error("no issuer");
      return "token";
    };
    const { status } = open(t, server.url, { getToken });
    assert.equal((await status("waiting")).reason, "no issuer");
    await status("open");
    assert.equal(server.attempts, 1);
  });
});

describe("requests", () => {
  test("publish resolves when the broker took it", async (t) => {
    const { server, rt, status } = await scripted(t, { server: { answer(peer, frame) {
      if (frame.op === "hello") peer.hello(frame);
    } } });
    await status("open");
    const peer = await server.peer();
    const sent = [
      [rt.publish("a", { mode: "eco" }, { qos: 1, retain: true }), { t: "a", d: { mode: "eco" }, qos: 1, retain: true }],
      [rt.publish("a", "text"), { t: "a", x: "text", qos: 0, retain: false }],
      [rt.publish("a", new Uint8Array([0, 255])), { t: "a", b64: "AP8=", qos: 0, retain: false }],
      [rt.publish("a", null), { t: "a", d: null, qos: 0, retain: false }],
      [rt.publish("a"), { t: "a", x: "", qos: 0, retain: false }],
    ];
    for (const [promise, expected] of sent) {
      const { id, op, ...request } = await peer.next("pub");
      assert.deepEqual(request, expected);
      peer.reply({ id });
      await promise;
    }
    const refused = rt.publish("b", 1);
    peer.refuse(await peer.next("pub"), { code: "forbidden", n: 103, msg: "no write access to b", retry: false });
    await assert.rejects(refused, { code: "forbidden", n: 103, message: "no write access to b", retry: false });
    const lost = rt.publish("b", 1);
    await peer.next("pub");
    peer.terminate();
    await assert.rejects(lost, { code: "lost" });
  });

  test("publish is refused without a connection, get and stats wait for it", async (t) => {
    const server = await startFakeServer(t, { answer(peer, frame) {
      if (frame.op === "hello") peer.hello(frame);
      if (frame.op === "stats") peer.reply(frame, { queue_bytes: 0 });
      if (frame.op === "get") peer.reply(frame, { items: [{ t: "a/1", o: 3, ts: 4, d: 5 }], next: "a/1" });
    } });
    const { rt } = open(t, server.url);
    await assert.rejects(rt.publish("a", 1), { code: "offline" });
    const page = rt.get("a/#", { limit: 1, after: "a/0" });
    assert.deepEqual(await rt.stats(), { queue_bytes: 0 });
    const { items, next } = await page;
    assert.equal(next, "a/1");
    assert.deepEqual([items[0].topic, items[0].offset, items[0].ts, items[0].data], ["a/1", 3, 4, 5]);
    const { id, ...asked } = await (await server.peer()).next("get");
    assert.deepEqual(asked, { op: "get", topics: ["a/#"], limit: 1, after: "a/0" });
    rt.close();
    await assert.rejects(rt.stats(), { code: "offline" });
  });

  test("that wait are refused when it is over", async (t) => {
    const server = await startFakeServer(t, { answer: (peer) => peer.close(4003, "forbidden") });
    const { rt } = open(t, server.url);
    await assert.rejects(rt.get("#"), { code: "offline" });
  });
});

describe("where no WebSocket gets through", () => {
  const blocked = (t, more = {}) => startFakeServer(t, { upgrades: false, ...more });

  test("two that never opened lead to server-sent events and POST", async (t) => {
    const server = await blocked(t);
    const { rt, status } = open(t, server.url, { EventSource, getToken: () => "secret" });
    const a = follow(rt, "a/1");
    const b = follow(rt, ["b/+", "c"], { key: "user-1", keyName: "userId", snap: false });
    assert.deepEqual(await status("open"), { transport: "sse" });
    assert.ok(server.attempts >= 2);
    const [one, two] = [await server.stream(1), await server.stream(2)].sort((x) => (x.url.search.includes("userId") ? 1 : -1));
    assert.equal(one.url.search, "?events=frames&topic=a%2F1&ticket=t1");
    assert.equal(two.url.search, "?events=frames&topic=b%2F%2B&topic=c&userId=user-1&snapshot=0&ticket=t1");
    assert.equal(server.posts[0].headers.authorization, "Bearer secret");

    one.send("m4x1-90", '{"t":"a/1","o":90,"ts":5,"d":{"soc":1}}');
    two.send("m4x1-91", '{"t":"b/7","k":"user-1","o":91,"ts":6,"x":"no json"}');
    await a.has("new", 90);
    await b.has("new", 91);
    assert.deepEqual([a.messages[0].topic, a.messages[0].data], ["a/1", { soc: 1 }]);
    assert.deepEqual([b.messages[0].topic, b.messages[0].text, b.messages[0].key, b.messages[0].ts],
      ["b/7", "no json", "user-1", 6]);
    two.block('data: {"gap":{"from":91,"to":95,"n":2,"why":"slow"}}');
    await b.has("new", 91, "gap");
    assert.equal(b.messages.length, 1);

    await rt.publish("cmd", { mode: "eco" }, { qos: 1 });
    assert.deepEqual(server.posts.at(-1), { ...server.posts.at(-1), url: "/api/publish",
      body: { topic: "cmd", payload: { mode: "eco" }, qos: 1, retain: false } });
    await assert.rejects(rt.stats(), { code: "offline" });
    a.unsubscribe();
    await until("the end of its stream", () => one.closed);
    assert.equal(two.closed, false);
  });

  test("go on where they were, with a WebSocket tried in between", async (t) => {
    const server = await blocked(t);
    const { rt, status } = open(t, server.url, { EventSource });
    const a = follow(rt, "a");
    (await server.stream()).send("m4x1-90", '{"t":"a","o":90,"ts":1,"d":1}');
    await a.has("new", 90);
    server.streams[0].end();
    const attempts = server.attempts;
    const second = await server.stream(2);
    assert.ok(server.attempts > attempts);
    assert.equal(second.url.search, "?events=frames&topic=a&last_event_id=m4x1-90");
    second.send("m4x1-90", '{"t":"a","o":90,"ts":1,"d":1}');
    second.send("m4x1-91", '{"t":"a","o":91,"ts":1,"d":2}');
    await a.has("new", 90, "latest", 91);

    second.end();
    const third = await server.stream(3);
    third.send("next-3", '{"t":"a","o":3,"ts":1,"d":3}');
    await a.has("new", 90, "latest", 91, "latest", "reset", 3);
    assert.deepEqual(a.log, ["new", 90, "latest", 91, "latest", "reset", 3]);

    server.upgrades = true;
    third.end();
    const sub = await (await server.peer()).next("sub");
    assert.deepEqual(sub.since, { epoch: "next", offset: 3 });
    await status("open", 4);
  });

  test("newest values without an id are no place to go on from", async (t) => {
    const server = await blocked(t);
    const { rt } = open(t, server.url, { EventSource });
    const a = follow(rt, "a/+");
    const first = await server.stream();
    for (const n of [1, 2]) first.block(`data: {"t":"a/${n}","o":${n},"ts":1,"r":1,"d":${n}}`);
    await until("two values", () => a.messages.length === 2);
    assert.deepEqual(a.messages.map(({ data, offset }) => [data, offset]), [[1, NaN], [2, NaN]]);
    first.end();
    const second = await server.stream(2);
    assert.equal(second.url.search, "?events=frames&topic=a%2F%2B");
    second.block('data: {"t":"a/1","o":1,"ts":1,"r":1,"d":1}');
    second.send("m4x1-7", '{"t":"a","o":7,"ts":1,"d":2}');
    await until("four values", () => a.messages.length === 4);
    second.end();
    assert.equal((await server.stream(3)).url.search, "?events=frames&topic=a%2F%2B&last_event_id=m4x1-7");
  });

  test("a bye says when to come back, or not at all", async (t) => {
    const server = await blocked(t);
    const { rt, status, statuses } = open(t, server.url, { EventSource });
    follow(rt, "a");
    const first = await server.stream();
    first.block('event: bye\ndata: {"op":"bye","code":4200,"why":"shutdown","retry":{"min":70,"max":90}}');
    const before = await until("an open stream", () => statuses.length);
    first.end();
    const [, waiting] = await until("the end", () => statuses.slice(before).find(([name]) => name === "waiting"));
    assert.deepEqual(waiting, { delay: 70, code: 4200, reason: "shutdown" });
    const second = await server.stream(2);
    second.block('event: bye\ndata: {"op":"bye","code":4003,"why":"no access"}');
    second.end();
    assert.deepEqual(await status("closed"), { code: 4003, reason: "no access" });
  });

  test("a server that is down is not called open", async (t) => {
    const { rt, statuses, status } = open(t, "http://127.0.0.1:1/", { EventSource });
    await status("waiting", 5);
    assert.ok(!statuses.some(([name]) => name === "open"), JSON.stringify(statuses));
    rt.close();
  });

  test("what fails while nothing gets through does not lead away from WebSockets", async (t) => {
    const server = await blocked(t);
    const nothing = () => Promise.reject(new TypeError("offline"));
    const { rt, status } = open(t, server.url, { EventSource, fetch: nothing });
    await status("waiting", 5);
    server.upgrades = true;
    await status("open");
    assert.equal(server.streams.length, 0);
    rt.close();
  });

  test("without EventSource it keeps trying", async (t) => {
    const server = await blocked(t);
    const { status } = open(t, server.url);
    await status("waiting", 3);
    server.upgrades = true;
    await status("open");
  });
});
