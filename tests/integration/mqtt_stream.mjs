// What the tests of the MQTT tunnel share: MQTT.js through the port of the browsers, a fake broker
// that does as it is told, and MQTT packets by hand.

import { once } from "node:events";
import * as net from "node:net";
import mqtt from "mqtt";
import WebSocket from "ws";
import { certificateFiles, makeCertificate } from "./certificate.mjs";
import { head, startBroker, within } from "./harness.mjs";

// The listener of most tests, in clear or with TLS.
export const tlsHead = `${head}tls = { cert = "cert.pem", key = "key.pem" }\n`;
const files = certificateFiles(makeCertificate("tunnel"));

// A broker whose tunnel leads to itself; `rtbridge` is the rest of the configuration.
export const startTunnel = (t, { rtbridge = "", first = head, ...options } = {}) =>
  startBroker(t, {
    rtbridge: (port) => `${first}[mqtt_tunnel]\nto = "127.0.0.1:${port}"\n${rtbridge}`,
    ...options,
    files: { ...files, ...options.files },
  });

// A broker whose tunnel leads to a fake one.
export const startTunnelTo = (t, fake, { rtbridge = "", first = head } = {}) =>
  startBroker(t, { rtbridge: `${first}[mqtt_tunnel]\nto = "${fake.address}"\n${rtbridge}`, files });

export const tunnelUrl = (broker, path = "/mqtt") => broker.wsUrl + path;

export async function tunnelClient(t, broker, { path, ...options } = {}) {
  const client = await within(
    "MQTT connection through the tunnel",
    mqtt.connectAsync(tunnelUrl(broker, path), { reconnectPeriod: 0, rejectUnauthorized: false, ...options }),
  );
  client.on("error", () => {}); // shows as a close
  t.after(() => client.endAsync(true).catch(() => {}));
  return client;
}

// The bare WebSocket of a tunnel: `bytes()` is all that came, in order.
export async function rawTunnel(t, broker, { path, subprotocol = "mqtt", ...options } = {}) {
  const ws = new WebSocket(tunnelUrl(broker, path), subprotocol, { rejectUnauthorized: false, ...options });
  t.after(() => ws.terminate());
  const chunks = [];
  let received = 0;
  let text = 0;
  ws.on("message", (data, binary) => {
    if (!binary) ++text;
    chunks.push(data);
    received += data.length;
  });
  ws.on("error", () => {}); // shows as a close
  const closed = new Promise((resolve) => {
    ws.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await within("open tunnel", once(ws, "open"));
  return {
    ws,
    received: () => received,
    textFrames: () => text,
    bytes: () => Buffer.concat(chunks),
    wasClosed: () => within("close of the tunnel", closed),
  };
}

// A TCP server in the place of the broker. Its sockets come one after the other out of next(), paused.
export async function fakeBroker(t) {
  const sockets = [];
  const waiting = [];
  const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    const resolve = waiting.shift();
    if (resolve) resolve(socket);
    else sockets.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return {
    address: `127.0.0.1:${server.address().port}`,
    next: () =>
      within(
        "connection to the fake broker",
        sockets.length > 0 ? Promise.resolve(sockets.shift()) : new Promise((resolve) => waiting.push(resolve)),
      ),
    close: () => server.close(),
  };
}

export const text = (value) => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

function packet(type, body) {
  const length = [];
  for (let rest = body.length; ; ) {
    const byte = rest & 0x7f;
    rest >>= 7;
    length.push(rest > 0 ? byte | 0x80 : byte);
    if (rest === 0) break;
  }
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

// MQTT 3.1.1, clean session; `will` is { topic, payload }.
export function connectPacket(client, will) {
  const flags = 0x02 | (will ? 0x04 : 0);
  const parts = [text("MQTT"), Buffer.from([4, flags, 0, 60]), text(client)];
  if (will) parts.push(text(will.topic), text(will.payload));
  return packet(0x10, Buffer.concat(parts));
}
export const publishPacket = (topic, payload) => packet(0x30, Buffer.concat([text(topic), payload]));
export const disconnectPacket = Buffer.from([0xe0, 0]);
