// The browser library: live MQTT values from rtbridge, and back (subprotocol rtbridge.v1).
//
//   import { connect } from "/rtbridge.js";
//   const rt = connect();
//   rt.subscribe("plant/+/soc", ({ topic, data }) => console.log(topic, data));
//
// One connection at a time. Each attempt is a generation with a number, and what an older one still
// has to say is ignored. Subscriptions live apart from it: equal ones share one wire, which knows
// from where to go on, and all wires are asked for again whenever a connection opens.
//
// Comments and indentation are left out where the library is served: no text spans lines, and
// a comment stands on lines of its own.

const wakeUps = ["online", "visibilitychange", "pageshow"];
const tickMs = 2500;
// For a socket to open and hello to be answered; a connection that lived as long is a stable one.
const openMs = 1e4;
// For a sign of life where there is doubt.
const probeMs = 5e3;

const failure = (code, message, more) => Object.assign(new Error(message), { code, ...more });

// What an application throws in a callback is reported, and the stream goes on.
const call = (callback, ...values) => {
  try {
    callback?.(...values);
  } catch (error) {
    console.error(error);
  }
};

const messageOf = ({ t, k, d, x, b64, o, ts, r }) => ({
  topic: t,
  key: k,
  data: d,
  text: x,
  bytes: b64 && Uint8Array.from(atob(b64), (c) => c.charCodeAt()),
  offset: o,
  ts,
  recovered: !!r,
});

export function connect(url, options = {}) {
  if (url && !url.href && typeof url == "object") return connect(undefined, url);
  const [WebSocket, EventSource, fetch, setTimeout, clearTimeout, document] =
    ["WebSocket", "EventSource", "fetch", "setTimeout", "clearTimeout", "document"].map(
      (name) => options[name] ?? globalThis[name]);
  const { getToken, name, features = ["batch"], onstatus, now = Date.now, random = Math.random } = options;
  const target = (path, scheme = "http") => {
    const found = new URL(path, new URL(url ?? "", import.meta.url));
    found.protocol = found.protocol.replace(/http|ws/, scheme);
    return found.href;
  };

  let status = "connecting";
  let generation = 0;
  let failures = 0;
  // WebSockets in a row that never opened where HTTP gets through.
  let unopened = 0;
  let lastId = 0;
  let tokenWanted = getToken;
  // link: { send, close } of this generation; without send: event streams. ready: when hello was
  // answered; then subscriptions and requests go out. deadline: without a sign of life until then the
  // connection is dead. tokenRetried: a refused token is replaced once, not for ever, as an issuer
  // may be broken. timer: to connect again or, connected, for a fresh token.
  let link, ready, deadline, silenceMs, bye, epoch, token, tokenRetried, timer, tickTimer, tickedAt;
  // Requests that wait for the connection; those sent; what is asked for, as JSON; the
  // subscription numbers of this connection.
  const queued = new Set();
  const replies = new Map();
  const wires = new Map();
  const subs = new Map();

  const flush = () => {
    for (const go of queued) go();
    queued.clear();
  };

  const become = (next, detail) => call(onstatus, status = next, detail);

  const open = async () => {
    leave();
    const mine = generation;
    become("connecting");
    if (mine != generation) return;
    for (const type of wakeUps) globalThis.addEventListener?.(type, check);
    tick();
    try {
      if (tokenWanted) {
        const fresh = await getToken();
        if (mine != generation) return;
        token = fresh;
        tokenWanted = 0;
      }
      deadline = now() + openMs;
      const current = (action) => (event) => mine == generation && action(event);
      if (unopened > 1 && EventSource) openStreams(current);
      else openSocket(current);
    } catch (error) {
      if (mine == generation) lost(1006, error.message);
    }
  };

  // Ends this generation.
  const leave = () => {
    ++generation;
    ready = 0;
    deadline = Infinity;
    clearTimeout(timer);
    link?.close();
    link = bye = undefined;
    subs.clear();
    for (const { reject } of replies.values()) reject?.(failure("lost", "no answer"));
    replies.clear();
  };

  const end = (code, reason) => {
    leave();
    clearTimeout(tickTimer);
    tickedAt = undefined;
    for (const type of wakeUps) globalThis.removeEventListener?.(type, check);
    become("closed", { code, reason });
    flush();
  };

  const probe = () => fetch(target("healthz"), { mode: "no-cors" });

  const lost = (code, reason) => {
    // What is answered late, beside streams, is not held against the WebSocket that is tried after them.
    if (link?.unopened) probe().then(() => link?.current || ++unopened, () => {});
    // The code may get lost with the connection, bye was heard.
    if (ready && now() - ready >= openMs) failures = tokenRetried = 0;
    if (bye && code < 4000) ({ code, why: reason } = bye);
    const { min, max } = bye?.retry ?? { min: 0, max: Math.min(2e4, 500 * 2 ** failures) };
    leave();
    if (getToken && (code == 4001 || code == 4202)) {
      tokenWanted = 1;
      if (!tokenRetried) {
        tokenRetried = 1;
        return open();
      }
    }
    if (code >= 4000 && code < 4100) return end(code, reason);
    ++failures;
    const delay = min + random() * (max - min);
    timer = setTimeout(open, delay);
    become("waiting", { delay, code, reason });
  };

  const opened = (detail) => {
    ready = now();
    for (const wire of wires.values()) renew(wire);
    flush();
    become("open", detail);
  };

  // Timers stop while the machine sleeps: after a late tick much may have happened.
  const tick = () => {
    clearTimeout(tickTimer);
    tickTimer = setTimeout(tick, tickMs);
    const late = now() - tickedAt > 3 * tickMs;
    tickedAt = now();
    if (tickedAt > deadline) lost(1006, "silent");
    else if (late) check();
  };

  // The network is back, the page is seen again, the machine woke up: is there still a connection?
  const check = () => {
    if (document?.visibilityState == "hidden") return;
    if (status == "waiting") open();
    else if (ready && link.send) {
      ask({ op: "stats" });
      deadline = Math.min(deadline, now() + probeMs);
    }
  };

  const openSocket = (current) => {
    const socket = new WebSocket(target("ws", "ws"), "rtbridge.v1");
    link = { unopened: 1, send: (frame) => socket.send(JSON.stringify(frame)), close: () => socket.close() };
    // A close follows.
    socket.onerror = () => {};
    socket.onclose = current(({ code, reason }) => lost(code, reason));
    socket.onopen = current(() => {
      link.unopened = unopened = 0;
      ask({ op: "hello", token: token ?? undefined, features, name }, (ok, error) => {
        if (error) return lost(error.n == 109 ? 4202 : error.retry ? 4103 : 4001, error.msg);
        epoch = ok.epoch;
        silenceMs = ok.ping * 1500 + probeMs;
        deadline = now() + silenceMs;
        renewToken(ok, current);
        opened(ok);
      });
    });
    socket.onmessage = current(({ data }) => {
      if (ready) deadline = now() + silenceMs;
      // A callback may end this connection in the midst of a batch.
      try {
        [JSON.parse(data)].flat().forEach(current(take));
      } catch (error) {
        current(() => lost(1007, error.message))();
      }
    });
  };

  const ask = (request, reply = () => {}) => {
    replies.set(++lastId, reply);
    link.send({ id: lastId, ...request });
  };

  // A fresh token before the old one ends. Without one 4202 follows, and asks again.
  const renewToken = ({ ttl }, current) => {
    if (!getToken || !ttl) return;
    const give = current((fresh) => {
      token = fresh;
      ask({ op: "auth", token }, (ok) => ok && renewToken(ok, current));
    });
    const renewal = async () => give(await getToken());
    timer = setTimeout(() => renewal().catch(() => {}), Math.min(ttl * 900, 1e9));
  };

  const take = (frame) => {
    const { re, ok, err, p, op, s, gap, end, eos } = frame;
    const reply = replies.get(re);
    const wire = subs.get(s);
    if (reply) {
      replies.delete(re);
      reply(ok, err);
    } else if (p) link.send({ q: p });
    else if (op == "bye") bye = frame;
    else if (!wire) return;
    else if (wire.joiner) {
      if (frame.r) deliver(wire.joiner, frame);
      if (eos >= 0) wire.done();
    } else if (gap) tell(wire, "gap", gap);
    // Updates older than gap.to may follow it: only they move the wire on.
    else if (end) finish(wire, end);
    else if (eos >= 0) settle(wire, eos);
    else update(wire, frame);
  };

  // Subscriptions. A wire goes on from `at`: all up to there was delivered. While newest or missed
  // values are still to come (not settled), and behind max_rate, updates do not come in the order
  // of their offsets: `at` stays behind, and `seen` has what came beyond it.

  const renew = (wire) => {
    const { at, request } = wire;
    wire.settled = wire.sub = undefined;
    if (!link.send) return stream(wire);
    const since = at >= 0 ? { epoch: wire.epoch, offset: at } : undefined;
    const mine = generation;
    ask({ op: "sub", ...request, since }, (ok, error) => {
      const wanted = () => mine == generation && wire.listeners.size;
      if (!wanted()) return ok && ask({ op: "unsub", sub: ok.sub });
      if (error?.retry) return setTimeout(() => wanted() && renew(wire), error.after ?? probeMs);
      if (error) return finish(wire, error);
      const { sub, offset, recovered } = ok;
      subs.set(wire.sub = sub, wire);
      const resumed = since && { full: "recovered", latest: "latest" }[recovered];
      start(wire, resumed, epoch, offset);
      if (!resumed && !request.snap) settle(wire, offset);
    });
  };

  // `resumed`: the status to tell; without it all begins anew.
  const start = (wire, resumed, ofEpoch, offset) => {
    wire.mark = wire.top = offset;
    wire.ts = 0;
    wire.floor = wire.at;
    if (!resumed) {
      wire.epoch = ofEpoch;
      wire.floor = wire.at = undefined;
      wire.seen.clear();
      for (const listener of wire.listeners) listener.seen = undefined;
    }
    tell(wire, resumed || (wire.started ? "reset" : "new"));
    wire.started = 1;
  };

  // All that was there before is delivered.
  const settle = (wire, offset) => {
    wire.top = Math.max(wire.top, offset);
    wire.settled = 1;
    advance(wire);
    for (const listener of wire.listeners) if (listener.seen) join(listener);
  };

  // An update may be held back by max_rate, for holdMs at most: what was the newest so long ago is safe.
  const advance = (wire) => {
    if (!wire.settled) return;
    wire.at = wire.holdMs ? wire.mark : wire.top;
    wire.mark = wire.top;
    wire.markTs = wire.ts;
    for (const offset of wire.seen) if (offset <= wire.at) wire.seen.delete(offset);
  };

  const update = (wire, frame) => {
    const { o, ts } = frame;
    if (o <= wire.floor || wire.seen.has(o)) return;
    if (o) {
      wire.seen.add(o);
      wire.top = Math.max(wire.top, o);
      wire.ts = Math.max(wire.ts, ts ?? 0);
      if (wire.ts - wire.markTs >= wire.holdMs) advance(wire);
    }
    for (const listener of wire.listeners) deliver(listener, frame);
  };

  const deliver = ({ seen, onmessage }, frame) => {
    if (seen?.has(frame.o)) return;
    seen?.add(frame.o);
    call(onmessage, messageOf(frame));
  };

  const tell = (wire, state, detail) => {
    for (const { onstatus } of wire.listeners) call(onstatus, state, detail);
  };

  const finish = (wire, error) => {
    drop(wire);
    tell(wire, "ended", error);
    wire.listeners.clear();
  };

  const drop = (wire) => {
    wire.source?.close();
    wires.delete(wire.id);
    return subs.delete(wire.sub);
  };

  // Who comes to a wire later gets the newest values by a subscription for that alone; until then
  // it has a `seen` of its own.
  const join = (joiner) => {
    const { wire } = joiner;
    ask({ op: "sub", ...wire.request }, (ok, error) => {
      if (error) {
        wire.listeners.delete(joiner);
        return call(joiner.onstatus, "ended", error);
      }
      const { sub } = ok;
      const done = () => {
        joiner.seen = undefined;
        subs.delete(sub);
        ask({ op: "unsub", sub });
      };
      subs.set(sub, { joiner, done });
    });
  };

  const subscribe = (topics, how, onmessage) => {
    if (!onmessage) return subscribe(topics, {}, how);
    const { key, mode, maxRate, snap = mode != "all", onstatus, keyName } = how;
    const request = { topics: [topics].flat().sort(), key, mode, max_rate: maxRate, snap };
    let id = JSON.stringify(request);
    // A stream cannot be asked for the newest values again.
    if (link && !link.send) id += ++lastId;
    const wire = wires.get(id) ??
      { id, request, keyName, holdMs: maxRate ? 1e3 / maxRate + 1e3 : 0, listeners: new Set(), seen: new Set() };
    const listener = { wire, onmessage, onstatus };
    wire.listeners.add(listener);
    if (!wires.has(id)) {
      wires.set(id, wire);
      if (ready) renew(wire);
    } else if (wire.started) {
      queueMicrotask(() => call(onstatus, "new"));
      if (snap) {
        listener.seen = new Set();
        if (ready && wire.settled) join(listener);
      }
    }
    return {
      unsubscribe() {
        const { sub } = wire;
        listener.onmessage = listener.onstatus = undefined;
        if (wire.listeners.delete(listener) && !wire.listeners.size && drop(wire)) ask({ op: "unsub", sub });
      },
    };
  };

  // Server-sent events and POST, where no WebSocket gets through.

  const openStreams = (current) => {
    // The next attempt is a WebSocket again.
    unopened = 1;
    link = { current, close: () => wires.forEach(({ source }) => source?.close()) };
    probe().then(
      current(() => {
        deadline = Infinity;
        opened({ transport: "sse" });
      }),
      current((error) => lost(1006, error.message)));
  };

  const stream = (wire) => {
    const { at, request, keyName, epoch } = wire;
    const { current } = link;
    const query = new URLSearchParams(request.topics.map((topic) => ["topic", topic]));
    if (request.key) query.set(keyName, request.key);
    if (!request.snap) query.set("snapshot", 0);
    if (at >= 0) query.set("last_event_id", epoch + "-" + at);
    const go = current(({ ticket }) => {
      if (ticket) query.set("ticket", ticket);
      const source = wire.source = new EventSource(target("events?events=frames&" + query));
      source.onerror = current(() => lost(1006, "events"));
      source.addEventListener("bye", current(({ data }) => (bye = JSON.parse(data))));
      source.onopen = current(() => {
        // Whether nothing is missing is not said here.
        subs.set(wire, wire);
        start(wire, at >= 0 && "latest", epoch, at ?? -1);
        wire.settled = 1;
        advance(wire);
      });
      source.onmessage = current(({ data, lastEventId }) => {
        // Without an id: of newest values of which more are to come, no place to go on from.
        const [epoch, offset] = lastEventId.split("-");
        wire.epoch ||= epoch;
        if (epoch && wire.epoch != epoch) start(wire, "", epoch, -1);
        take({ ...JSON.parse(data), o: +offset, s: wire });
      });
    });
    if (token) post("api/ticket").then(go, current((error) => lost(error.code == "unauthorized" ? 4001 : 1006, error.message)));
    else go({});
  };

  const post = async (path, body) => {
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = "Bearer " + token;
    const answer = await fetch(target(path), { method: "POST", headers, body: JSON.stringify(body) });
    const { error, ...ok } = await answer.json();
    if (error) throw failure(error.code, error.message);
    return ok;
  };

  // `waits`: for the connection, where there is none.
  const request = (op, waits, body) =>
    new Promise((resolve, reject) => {
      const reply = (ok, error) => error ? reject(failure(error.code, error.msg, error)) : resolve(ok);
      reply.reject = reject;
      const go = () => {
        if (ready && link.send) ask(op, reply);
        else if (ready && body) post("api/publish", body).then(resolve, reject);
        else reject(failure("offline", status));
      };
      if (waits && !ready && status != "closed") queued.add(go);
      else go();
    });

  queueMicrotask(() => generation || open());

  return {
    get status() {
      return status;
    },
    subscribe,
    publish(topic, data = "", { qos = 0, retain = false } = {}) {
      let payload = { d: data };
      if (typeof data == "string") payload = { x: data };
      if (data instanceof Uint8Array) payload = { b64: btoa(String.fromCharCode(...data)) };
      return request({ op: "pub", t: topic, ...payload, qos, retain }, 0, !payload.b64 && { topic, payload: data, qos, retain });
    },
    async get(topics, more) {
      const { items, ...page } = await request({ op: "get", topics: [topics].flat(), ...more }, 1);
      return { ...page, items: items.map(messageOf) };
    },
    stats: () => request({ op: "stats" }, 1),
    reconnect: open,
    close: () => end(1000, "close()"),
  };
}
