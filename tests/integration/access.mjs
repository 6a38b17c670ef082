// Who is who in the access tests: tokens, password files, certificates, and clients that tell
// whether something was allowed. "Not received" is never waited for: a marker that was sent later
// has arrived.

import { execFile } from "node:child_process";
import * as crypto from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import mqtt from "mqtt";
import { until, within } from "./harness.mjs";

export const run = promisify(execFile);

// One [[acl.rule]]; `lines` are its other keys.
export const rule = (effect, actions, topics, lines = "") =>
  `[[acl.rule]]\n${effect} = ${JSON.stringify(actions.split(" "))}\n` +
  `topics = ${JSON.stringify(topics)}\n${lines}\n`;
export const everything = "publish publish_retained receive subscribe";
// The client that looks on may do all, wherever no rule denies it to everyone.
export const observerRule = rule("allow", everything, ["#", "$SYS/#"], 'client = "observer"');

export const secret = "0123456789abcdef0123456789abcdef";
export const inSeconds = (seconds) => Math.floor(Date.now() / 1000) + seconds;

const base64url = (value) => Buffer.from(value).toString("base64url");
const signers = {
  HS256: (text, key) => crypto.createHmac("sha256", key).update(text).digest(),
  RS256: (text, key) => crypto.sign("sha256", text, key),
  ES256: (text, key) => crypto.sign("sha256", text, { key, dsaEncoding: "ieee-p1363" }),
};
export function token(claims, { alg = "HS256", key = secret } = {}) {
  const parts = [{ alg, typ: "JWT" }, { exp: inSeconds(3600), ...claims }];
  const text = parts.map((part) => base64url(JSON.stringify(part))).join(".");
  return `${text}.${base64url(signers[alg](Buffer.from(text), key))}`;
}

// [auth] for MQTT clients with tokens by `secret`; the file "key" has to be among the broker's files.
export const tokenAuth = (lines = "") => `
[auth]
mqtt = true
${lines}
[[auth.jwt]]
algorithms = ["HS256"]
keys_file = "key"
leeway = "0s"
`;
export const tokenFiles = { key: secret };

// The text of a password file as mosquitto_passwd writes it.
export async function passwordFile(users) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-passwd-"));
  try {
    const file = path.join(directory, "passwords");
    fs.writeFileSync(file, "");
    for (const [user, password] of Object.entries(users)) {
      await run("mosquitto_passwd", ["-b", file, user, password]);
    }
    return fs.readFileSync(file, "utf8");
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

// A directory with ca.pem, and NAME.pem and NAME.key for each name, which is the common name.
export async function certificates(t, names) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-certificates-"));
  t.after(() => fs.rmSync(directory, { recursive: true }));
  const openssl = (...args) => run("openssl", args, { cwd: directory });
  const key = (name) => ["-newkey", "rsa:2048", "-nodes", "-keyout", `${name}.key`];
  await openssl("req", "-x509", ...key("ca"), "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2");
  for (const [i, name] of names.entries()) {
    await openssl("req", ...key(name), "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    await openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key",
      "-set_serial", String(i + 1), "-days", "2", "-out", `${name}.pem`);
  }
  fs.chmodSync(directory, 0o755);
  for (const file of fs.readdirSync(directory)) fs.chmodSync(path.join(directory, file), 0o644);
  return directory;
}

// Writes the configuration, sends SIGHUP and waits for what the log says of it: { ok }. For brokers
// whose status is not for everyone.
export async function reload(broker, rtbridge) {
  if (rtbridge !== undefined) broker.write("rtbridge.toml", rtbridge);
  const before = broker.log().length;
  await broker.sighup();
  const [, outcome] = await broker.waitForLog(/rtbridge: (configuration reloaded|reload refused)/, before);
  return { ok: outcome === "configuration reloaded" };
}

// The reason code of a refused CONNECT, 0 of an accepted one.
export async function connackOf(broker, options) {
  const client = mqtt.connect(options.url ?? broker.mqttUrl, { reconnectPeriod: 0, ...options });
  try {
    return await within(
      "an answer to CONNECT",
      new Promise((resolve, reject) => {
        client.on("connect", () => resolve(0));
        client.on("error", (error) => (error.code > 0 ? resolve(error.code) : reject(error)));
      }),
    );
  } finally {
    await client.endAsync(true);
  }
}

// Likewise of an MQTT 5 client that has a password and no user name, which no library sends.
export async function connackOfPasswordOnly(broker, clientId, password) {
  const text = (value) => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);
  const [cleanStart, passwordFlag, noProperties] = [2, 64, 0];
  const body = Buffer.concat([
    text("MQTT"), Buffer.from([5, cleanStart | passwordFlag, 0, 60, noProperties]), text(clientId), text(password),
  ]);
  const length = [(body.length & 127) | 128, body.length >> 7];
  const socket = net.connect(broker.mqttPort, "127.0.0.1");
  try {
    socket.write(Buffer.concat([Buffer.from([0x10, ...length]), body]));
    const [connack] = await within("CONNACK", once(socket, "data"));
    return connack[3];
  } finally {
    socket.destroy();
  }
}

// True where SUBACK grants the filter.
export async function subscribes(client, filter) {
  try {
    const [granted] = await client.subscribeAsync(filter, { qos: 1 });
    return granted.qos < 128;
  } catch (error) {
    if (/Unspecified error|Not authorized/i.test(error.message)) return false;
    throw error;
  }
}

// A client that collects what it receives, by topic and text.
export async function listenerClient(t, broker, options = {}) {
  const client = mqtt.connect(options.url ?? broker.mqttUrl, { reconnectPeriod: 0, ...options });
  t.after(() => client.endAsync(true));
  const received = [];
  // Before it is connected: what waited for a durable client comes with the first packets.
  client.on("message", (topic, payload) => received.push(`${topic} ${payload}`));
  await within("MQTT connection", once(client, "connect"));
  client.received = received;
  client.awaits = (line) => until(`${line} at ${options.clientId}`, () => received.includes(line));
  return client;
}

export const observer = async (t, broker, filters = "#", options = {}) => {
  const client = await listenerClient(t, broker, { clientId: "observer", ...options });
  await client.subscribeAsync(filters, { qos: 1 });
  return client;
};

let serial = 0;

// Whether a publish of `client` comes to `observing`. `marker` is a topic that it may publish on.
export async function publishes(client, observing, topic, { retain = false, marker = "marker" } = {}) {
  const text = `p${++serial}`;
  await client.publishAsync(topic, text, { qos: 1, retain });
  await client.publishAsync(marker, text, { qos: 1 });
  await observing.awaits(`${marker} ${text}`);
  return observing.received.includes(`${topic} ${text}`);
}

// Whether `client`, which has subscribed, receives what `observing` publishes. `marker` is a topic
// that it receives.
export async function receives(client, observing, topic, { marker = "marker" } = {}) {
  const text = `r${++serial}`;
  await observing.publishAsync(topic, text, { qos: 1 });
  await observing.publishAsync(marker, text, { qos: 1 });
  await client.awaits(`${marker} ${text}`);
  return client.received.includes(`${topic} ${text}`);
}
