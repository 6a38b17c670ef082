// tests/conformance_server, and clients without a library: raw HTTP and the WebSockets of npm `ws`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import path from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { within } from "./harness.mjs";

const program =
  process.env.RTBRIDGE_CONFORMANCE_SERVER ??
  path.join(path.dirname(process.env.RTBRIDGE_SO ?? "."), "../tests/conformance_server/conformance_server");

export const separator = "\x1e";
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Ends with the test. `options`: { "ping-interval": 300, ... }
export async function startServer(t, options = {}) {
  const args = Object.entries({ port: 0, ...options }).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => [`--${name}`, String(one)]));
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  t.after(async () => {
    child.kill("SIGTERM");
    const [code, signal] = await within("the server's end", exited);
    if (code !== 0) throw new Error(`conformance_server ended with ${code ?? signal}`);
  });
  const [line] = await within("conformance_server", once(createInterface(child.stdout), "line"));
  const port = Number(line.split(":").at(-1));
  return { port, url: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}` };
}

// Each request on a connection of its own, as those of several tabs.
export function request(server, method, target, { body, headers = {}, signal } = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(server.url + target, { method, headers, agent: false, signal }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts).toString() }));
    });
    sent.on("error", reject);
    if (body !== undefined) sent.setHeader("Content-Length", Buffer.byteLength(body));
    sent.end(body);
  });
}

// A polling session at `base`.
export async function openPolling(server, base = "/engine.io/", more = "") {
  const opened = await request(server, "GET", `${base}?EIO=4&transport=polling${more}`);
  const sid = JSON.parse(opened.body.slice(1)).sid;
  const target = `${base}?EIO=4&transport=polling&sid=${sid}`;
  return {
    sid,
    opened,
    target,
    get: (options) => within("a GET", request(server, "GET", target, options)),
    post: (body, headers = { "Content-Type": "text/plain;charset=UTF-8" }) =>
      within("a POST", request(server, "POST", target, { body, headers })),
  };
}

// A WebSocket that keeps what it gets: text as text, binary as Buffer.
export async function openSocket(server, target, options = {}) {
  const socket = new WebSocket(server.wsUrl + target, options);
  const messages = [];
  const waiting = [];
  socket.on("message", (data, binary) => {
    messages.push(binary ? data : data.toString());
    waiting.shift()?.();
  });
  socket.closed = new Promise((resolve) => socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })));
  socket.next = async (what = "a message") => {
    while (messages.length === 0) {
      await within(what, Promise.race([
        new Promise((resolve) => waiting.push(resolve)),
        socket.closed.then(() => { if (messages.length === 0) throw new Error(`closed before ${what}`); }),
      ]));
    }
    return messages.shift();
  };
  socket.waits = () => messages.length;
  await within("an open WebSocket", once(socket, "open"));
  return socket;
}

export const engineSocket = (server, sid) =>
  openSocket(server, `/engine.io/?EIO=4&transport=websocket${sid ? `&sid=${sid}` : ""}`);

// The status and body of a handshake that is refused.
export function refusedSocket(server, target, options = {}) {
  return within("a refusal", new Promise((resolve, reject) => {
    const socket = new WebSocket(server.wsUrl + target, options);
    socket.on("open", () => reject(new Error("was let in")));
    socket.on("error", () => {});
    socket.on("unexpected-response", (_request, answer) => {
      let body = "";
      answer.on("data", (part) => (body += part));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
    });
  }));
}
