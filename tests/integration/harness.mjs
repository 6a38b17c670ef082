// A real mosquitto with the real plugin for one test: in its own directory, on ports of the
// kernel's choice, ended when the test ends. Nothing here sleeps for a fixed time: it waits for
// conditions, with a deadline.

import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import mqtt from "mqtt";
import WebSocket from "ws";

const plugin = process.env.RTBRIDGE_SO;
// How to start the broker: "mosquitto" by default, or something around it like valgrind.
const brokerCommand = (process.env.RTBRIDGE_MOSQUITTO ?? "mosquitto").split(" ");
// Generous, because it only decides how long a failing test takes.
const deadlineMs = Number(process.env.RTBRIDGE_DEADLINE_MS ?? 15_000);

// The head of most configurations; the kernel picks the port.
export const head = 'version = 1\n[listener]\nbind = "127.0.0.1:0"\n';
export const batteryRule = `
[[rule]]
name = "battery"
topics = ["battery/topic"]
key = "{payload.userId}"
battery = {}
`;

// The first truthy value of `probe` (may be async), looked for until the deadline.
export async function until(what, probe, ms = deadlineMs) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function within(what, promise, ms = deadlineMs) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// A broker started as root goes on as user mosquitto, who must be able to read all of this.
function makeDirectory(files) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-test-"));
  fs.chmodSync(directory, 0o755);
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
    fs.writeFileSync(file, content, { mode: 0o644 });
  }
  return directory;
}

function installPlugin(directory) {
  if (!plugin) throw new Error("RTBRIDGE_SO must name the plugin to test");
  const file = path.join(directory, "rtbridge.so");
  fs.copyFileSync(plugin, file);
  fs.chmodSync(file, 0o755);
  return file;
}

// A test process that is ended early leaves no broker behind.
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));

class Broker {
  #child;
  #log = "";
  #directory;

  constructor(directory, mqttPort) {
    this.#directory = directory;
    this.mqttPort = mqttPort;
    this.mqttUrl = `mqtt://127.0.0.1:${mqttPort}`;
    const [command, ...options] = brokerCommand;
    this.#child = spawn(command, [...options, "-c", this.path("mosquitto.conf")], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on("data", (text) => (this.#log += text));
    }
    this.exited = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code, signal) => {
        children.delete(this.#child);
        resolve({ code, signal });
      });
    });
    this.exited.catch(() => {}); // reported where it is awaited
  }

  get pid() {
    return this.#child.pid;
  }
  get running() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
  get rssBytes() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }
  path(name) {
    return path.join(this.#directory, name);
  }
  write(name, content) {
    fs.writeFileSync(this.path(name), content);
  }
  log() {
    return this.#log;
  }

  async waitForLog(regex, from = 0) {
    return until(`${regex} in the log:\n${this.#log}`, () => {
      const match = regex.exec(this.#log.slice(from));
      if (!match && !this.running) throw new Error(`the broker ended:\n${this.#log}`);
      return match;
    });
  }

  // True when both listeners are up, false when the broker ended instead.
  async started() {
    const up = () => /mosquitto version \S+ running/.test(this.#log);
    await until("start of the broker", () => up() || !this.running);
    if (!this.running) {
      await this.exited; // with the last of its log
      return false;
    }
    const [, url] = await this.waitForLog(/rtbridge: listening on (https?:\/\/[\d.:[\]]+)/);
    this.httpUrl = url;
    this.wsUrl = url.replace("http", "ws");
    return true;
  }

  // A broker that is still busy with a reload forgets that it got SIGHUP meanwhile. It is not once
  // it hangs up on a client that begins with a PINGREQ.
  async sighup() {
    const socket = net.connect(this.mqttPort, "127.0.0.1").on("error", () => {}).resume();
    socket.write(Buffer.from([0xc0, 0]));
    await within("a turn of the broker's loop", new Promise((resolve) => socket.on("close", resolve)));
    process.kill(this.pid, "SIGHUP");
  }

  // Writes the new configuration, if one is given, and waits until the plugin has read it.
  async reload(rtbridge) {
    if (rtbridge !== undefined) this.write("rtbridge.toml", rtbridge);
    const outcome = ({ generation, reload }) => JSON.stringify([generation, reload]);
    const before = outcome(await this.status());
    await this.sighup();
    return until("the reload in /api/status", async () => {
      const status = await this.status();
      return outcome(status) !== before && status;
    });
  }

  async status() {
    return (await get(`${this.httpUrl}/api/status`)).json;
  }

  // { code, signal } of the broker's end.
  async stop() {
    if (this.running) process.kill(this.pid, "SIGTERM");
    return within(`clean stop:\n${this.#log}`, this.exited);
  }

  async remove() {
    if (this.running) {
      await this.stop().catch(() => {
        process.kill(this.pid, "SIGKILL");
        return this.exited;
      });
    }
    fs.rmSync(this.#directory, { recursive: true, force: true });
  }
}

// One attempt; the caller owns what comes back.
async function launch({ rtbridge = `${head}${batteryRule}`, mode = 0o644, first, mosquitto, files, times = 1 }) {
  const mqttPort = await freePort();
  if (typeof rtbridge === "function") rtbridge = rtbridge(mqttPort);
  const directory = makeDirectory({ ...files });
  const lines = [`listener ${mqttPort} 127.0.0.1`, "allow_anonymous true", "log_dest stderr"];
  const pluginLines = [`plugin ${installPlugin(directory)}`];
  if (rtbridge !== null) {
    const file = path.join(directory, "rtbridge.toml");
    fs.writeFileSync(file, rtbridge);
    fs.chmodSync(file, mode);
    pluginLines.push(`plugin_opt_config ${file}`);
  }
  for (let i = 0; i < times; ++i) lines.push(...pluginLines);
  const conf = path.join(directory, "mosquitto.conf");
  fs.writeFileSync(conf, `${first ?? ""}\n${lines.join("\n")}\n${mosquitto ?? ""}\n`, { mode: 0o644 });
  return new Broker(directory, mqttPort);
}

// Between our look for a free MQTT port and mosquitto's bind another process may take it.
const portLost = (broker) =>
  !broker.running && /Address already in use/.test(broker.log()) && !/listener\.bind/.test(broker.log());

// A running broker; whoever starts it calls remove(). `rtbridge` is the text of its configuration
// file (null: no file; or a function that makes it of the MQTT port) and `mode` its permissions; `files` are further ones beside it; `mosquitto` is
// further lines for mosquitto.conf, `first` what has to stand at its top; `times` says how often the plugin is loaded.
export async function launchBroker(options = {}) {
  for (let tries = 5; ; --tries) {
    const broker = await launch(options);
    if (await broker.started().catch((error) => broker.remove().then(() => Promise.reject(error)))) {
      return broker;
    }
    await broker.remove();
    if (tries === 0 || !portLost(broker)) throw new Error(`refused to start:\n${broker.log()}`);
  }
}

// The same, ended and removed after test `t`.
export async function startBroker(t, options = {}) {
  const broker = await launchBroker(options);
  t.after(() => broker.remove());
  return broker;
}

// { code, log } of a broker that must not come up.
export async function refusedStart(t, options = {}) {
  for (let tries = 5; ; --tries) {
    const broker = await launch(options);
    t.after(() => broker.remove());
    if (await broker.started()) throw new Error(`started all the same:\n${broker.log()}`);
    if (tries > 0 && portLost(broker)) continue;
    return { code: (await broker.exited).code, log: broker.log() };
  }
}

export async function mqttClient(t, broker, options = {}) {
  const client = await within(
    "MQTT connection",
    mqtt.connectAsync(broker.mqttUrl, { reconnectPeriod: 0, ...options }),
  );
  t.after(() => client.endAsync(true));
  return client;
}

// Subscribes and collects { topic, text, qos, retain } in arrival order.
export async function mqttSubscriber(t, broker, filters, options = {}) {
  const client = await mqttClient(t, broker, options);
  const messages = [];
  client.on("message", (topic, payload, packet) => {
    messages.push({ topic, text: payload.toString(), qos: packet.qos, retain: packet.retain });
  });
  await client.subscribeAsync(filters, { qos: 2 });
  return {
    client,
    messages,
    take: async (count) => {
      await until(`${count} MQTT messages, got ${messages.length}`, () => messages.length >= count);
      return messages.splice(0, count);
    },
  };
}

// { status, headers, text, json } of a request; over a connection of its own, so that a Host header
// can be anything and no keep-alive holds a place in the connection limit.
export function request(method, url, headers = {}, body = undefined) {
  const answered = new Promise((resolve, reject) => {
    const { request: send } = url.startsWith("https:") ? https : http;
    // The certificates of tests are their own; tls.test.mjs looks at them.
    const options = { method, headers, agent: false, rejectUnauthorized: false };
    const sent = send(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("error", reject);
      response.on("end", () => resolve(answerOf(response, text)));
    });
    sent.on("error", reject);
    sent.end(body);
  });
  return within(`${method} ${url}`, answered);
}

export const get = (url, headers) => request("GET", url, headers);

function answerOf(response, text) {
  const json = /^application\/json/.test(response.headers["content-type"] ?? "");
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    json: json ? JSON.parse(text) : undefined,
  };
}

// An open WebSocket that collects its text frames.
export class Browser {
  frames = [];
  #taken = 0;

  constructor(ws) {
    this.ws = ws;
    ws.on("message", (data) => this.frames.push(data.toString()));
    ws.on("error", () => {}); // shows as a close
    this.closed = new Promise((resolve) => {
      ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  // The next frame, parsed.
  async next() {
    return JSON.parse(await this.nextText());
  }
  async nextText() {
    const index = this.#taken++;
    await until(`frame ${index} of ${this.ws.url}`, () => this.frames.length > index);
    return this.frames[index];
  }
  wasClosed() {
    return within("close of the WebSocket", this.closed);
  }
}

export async function openBrowser(t, url, options = {}) {
  const ws = new WebSocket(url, options);
  t.after(() => ws.terminate());
  const browser = new Browser(ws); // before open: a snapshot may come in the same packet
  const opened = new Promise((resolve, reject) => {
    ws.once("open", resolve);
    ws.once("error", reject);
  });
  await within(`WebSocket ${url}`, opened);
  return browser;
}

// The HTTP answer to a WebSocket that is refused before the upgrade.
export function refusedUpgrade(url, options = {}) {
  const refused = new Promise((resolve, reject) => {
    const ws = new WebSocket(url, options);
    ws.on("error", reject);
    ws.on("open", () => {
      ws.terminate();
      reject(new Error(`${url} was accepted`));
    });
    ws.on("unexpected-response", (_, response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve(answerOf(response, text)));
    });
  });
  return within(`refusal of ${url}`, refused);
}

// A bare TCP connection to the listener, for what no client library would send.
export async function rawConnection(t, broker) {
  const { hostname, port } = new URL(broker.httpUrl);
  const socket = net.connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on("error", () => {}); // shows as a close
  await within("TCP connection", once(socket, "connect"));
  return socket;
}

export const battery = (userId, power, more = {}) =>
  JSON.stringify({ userId, batteryPercent: 80, batteryPower: power, ...more });
