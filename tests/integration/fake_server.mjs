// A scripted server of rtbridge.v1, for what a real one can't be made to do. It answers as told by
// the test; `scripted` = false leaves every request to it.

import { once } from "node:events";
import * as http from "node:http";
import { WebSocketServer } from "ws";
import { until } from "./harness.mjs";

// One WebSocket from the library, as the server sees it.
class Peer {
  requests = []; // all that came
  #taken = 0;
  closed = false;

  constructor(server, ws, request) {
    this.server = server;
    this.ws = ws;
    this.request = request;
    ws.on("close", () => (this.closed = true));
    ws.on("error", () => {});
    ws.on("message", (data) => {
      const frame = JSON.parse(data.toString());
      this.requests.push(frame);
      if (server.scripted) server.answer(this, frame);
    });
  }

  // The next request with this `op` ("q": an answer to a probe).
  async next(op) {
    for (;;) {
      await until(`${op} from the library`, () => this.requests.length > this.#taken);
      const frame = this.requests[this.#taken++];
      if (frame.op === op || (op === "q" && frame.q)) return frame;
    }
  }
  asked(op) {
    return this.requests.filter((frame) => frame.op === op);
  }
  send(...frames) {
    for (const frame of frames) this.ws.send(JSON.stringify(frame));
  }
  reply(to, ok = {}) {
    this.send({ re: to.id, ok });
  }
  refuse(to, err) {
    this.send({ re: to.id, err });
  }
  hello(to, more = {}) {
    const { epoch, offset } = this.server;
    this.reply(to, { session: "k3v9", user: "anna", roles: [], epoch, offset, ping: 20, now: Date.now(), limits: {}, ...more });
  }
  close(code, reason) {
    this.ws.close(code, reason);
  }
  terminate() {
    this.ws.terminate();
  }
}

export class FakeServer {
  epoch = "m4x1";
  offset = 100;
  peers = [];
  streams = []; // open /events: { url, send(id, data), block(fields), end() }
  posts = []; // { url, headers, body }
  scripted = true;
  upgrades = true; // false: every WebSocket is refused
  events = true; // false: /events answers 404
  files = new Map(); // path -> { type, body }
  hello = {}; // more of its reply
  #http = http.createServer((request, response) => this.#onRequest(request, response));
  #ws = new WebSocketServer({ noServer: true });
  attempts = 0;

  async listen() {
    this.#http.on("upgrade", (request, socket, head) => {
      ++this.attempts;
      if (!this.upgrades) {
        socket.end("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      this.#ws.handleUpgrade(request, socket, head, (ws) => this.peers.push(new Peer(this, ws, request)));
    });
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    this.url = `http://127.0.0.1:${this.#http.address().port}/`;
  }

  // The nth connection, from 1.
  async peer(n = 1) {
    await until(`connection ${n}`, () => this.peers.length >= n);
    return this.peers[n - 1];
  }
  async stream(n = 1) {
    await until(`stream ${n}`, () => this.streams.length >= n);
    return this.streams[n - 1];
  }

  answer(peer, frame) {
    if (frame.op === "hello") peer.hello(frame, this.hello);
    else if (frame.op === "sub") this.subscribe(peer, frame);
    else if (frame.op) peer.reply(frame);
  }

  // Nothing is known yet, nothing was missed.
  subscribe(peer, frame) {
    peer.subs = (peer.subs ?? 0) + 1;
    const recovered = frame.since ? "full" : "new";
    peer.reply(frame, { sub: peer.subs, offset: this.offset, recovered });
    if (frame.since || frame.snap) peer.send({ s: peer.subs, eos: this.offset });
  }

  async #onRequest(request, response) {
    const url = new URL(request.url, this.url);
    const file = this.files.get(url.pathname);
    if (file) return response.writeHead(200, { "Content-Type": file.type }).end(file.body);
    if (url.pathname === "/healthz") return response.end("ok");
    if (url.pathname === "/events" && this.events) return this.#openStream(url, response);
    if (request.method === "POST") {
      let body = "";
      for await (const part of request) body += part;
      this.posts.push({ url: url.pathname, headers: request.headers, body: body && JSON.parse(body) });
      const answer = url.pathname === "/api/ticket" ? { ticket: "t1", expires_in: 30 } : { ok: true };
      return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
    }
    return response.writeHead(404).end();
  }

  #openStream(url, response) {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(":\nretry: 1000\n\n");
    const send = (id, data) => response.write(`id: ${id}\ndata: ${data}\n\n`);
    const block = (fields) => response.write(`${fields}\n\n`);
    const stream = { url, send, block, end: () => response.end(), closed: false };
    response.on("close", () => (stream.closed = true));
    this.streams.push(stream);
  }

  async close() {
    for (const { ws } of this.peers) ws.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
  }
}

export async function startFakeServer(t, options = {}) {
  const server = Object.assign(new FakeServer(), options);
  await server.listen();
  t.after(() => server.close());
  return server;
}

// Time as a test wants it.
export class FakeClock {
  #now = 1_000_000;
  #timers = new Map();
  #last = 0;
  now = () => this.#now;
  setTimeout = (action, ms) => {
    this.#timers.set(++this.#last, { action, at: this.#now + ms });
    return this.#last;
  };
  clearTimeout = (id) => this.#timers.delete(id);

  get options() {
    const { now, setTimeout, clearTimeout } = this;
    return { now, setTimeout, clearTimeout };
  }
  // Runs what falls due, in its order.
  advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].action();
    }
    this.#now = end;
  }
  // The machine sleeps: time goes on and timers do not.
  sleep(ms) {
    this.#now += ms;
  }
  get pending() {
    return this.#timers.size;
  }
}
