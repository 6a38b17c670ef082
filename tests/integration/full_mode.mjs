// A browser that speaks rtbridge.v1, as a library would: replies go to who asked, pushes are
// collected in the order in which they came, and liveness probes are answered.

import WebSocket from "ws";
import { once } from "node:events";
import { until, within } from "./harness.mjs";

export class FullMode {
  pushes = []; // objects without `re`, of arrays each
  frames = []; // texts of all frames
  replies = new Map();
  probes = 0;
  bye = undefined;
  #waiting = new Map(); // by request, who waits for the reply
  #taken = 0;
  #lastId = 0;

  constructor(ws, { answersProbes = true } = {}) {
    this.ws = ws;
    ws.on("message", (data) => {
      const text = data.toString();
      this.frames.push(text);
      for (const object of [JSON.parse(text)].flat()) this.#take(object, answersProbes);
    });
    ws.on("error", () => {}); // shows as a close
    this.closed = new Promise((resolve) => {
      ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  #take(object, answersProbes) {
    if (object.re !== undefined) {
      this.replies.set(object.re, object);
      this.#waiting.get(object.re)?.(object);
    } else if (object.p !== undefined) {
      ++this.probes;
      if (answersProbes) this.send({ q: object.p });
    } else if (object.op === "bye") {
      this.bye = object;
    } else {
      this.pushes.push(object);
    }
  }

  send(object) {
    this.ws.send(JSON.stringify(object));
  }

  // { re, ok } or { re, err }.
  async request(op, members = {}) {
    const id = ++this.#lastId;
    this.send({ id, op, ...members });
    return this.reply(id);
  }
  reply(id) {
    if (this.replies.has(id)) return this.replies.get(id);
    return within(`reply to request ${id}`, new Promise((resolve) => this.#waiting.set(id, resolve)));
  }
  // What is in `ok`; throws where the request was refused.
  async ask(op, members) {
    const { ok, err } = await this.request(op, members);
    if (err) throw new Error(`${op}: ${JSON.stringify(err)}`);
    return ok;
  }
  async refused(op, members) {
    const { ok, err } = await this.request(op, members);
    if (ok) throw new Error(`${op} was taken: ${JSON.stringify(ok)}`);
    return err;
  }

  async next() {
    const index = this.#taken++;
    await until(`push ${index}`, () => this.pushes.length > index);
    return this.pushes[index];
  }
  async take(count) {
    const taken = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }
  wasClosed() {
    return within("close of the WebSocket", this.closed);
  }
  async leave() {
    this.ws.close();
    return this.wasClosed();
  }
}

// Open, without hello.
export async function openFullMode(t, broker, options = {}) {
  const { query = "", protocols = ["rtbridge.v1"], headers } = options;
  const ws = new WebSocket(`${broker.wsUrl}/ws${query}`, protocols, { headers });
  t.after(() => ws.terminate());
  const browser = new FullMode(ws, options);
  await within("WebSocket", once(ws, "open"));
  return browser;
}

// After hello, whose answer is `browser.welcome`.
export async function joinFullMode(t, broker, hello = {}, options = {}) {
  const browser = await openFullMode(t, broker, options);
  browser.welcome = await browser.ask("hello", hello);
  return browser;
}
