// Several listeners, and clients whose name is in their certificate.

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import {
  certificates, connackOf, everything, listenerClient, observer, observerRule, publishes, rule, token,
  tokenAuth, tokenFiles,
} from "./access.mjs";
import { freePort, get, head, startBroker, until } from "./harness.mjs";

const acl =
  `[acl]\n${observerRule}${rule("allow", everything, ["marker"])}` +
  rule("allow", "publish", ["own/{user}"]) +
  rule("allow", "publish", ["ops"], 'role = "operator"');

test("one [acl] binds the clients of all listeners", async (t) => {
  const second = await freePort();
  const broker = await startBroker(t, { rtbridge: `${head}${acl}`, mosquitto: `listener ${second} 127.0.0.1` });
  const observing = await observer(t, broker);
  for (const url of [broker.mqttUrl, `mqtt://127.0.0.1:${second}`]) {
    const client = await listenerClient(t, broker, { url, username: "anna" });
    assert.equal(await publishes(client, observing, "own/anna"), true);
    assert.equal(await publishes(client, observing, "own/bob"), false);
  }
});

test("per_listener_settings: own clients are bound, and log and /readyz say that others are not", async (t) => {
  const second = await freePort();
  const broker = await startBroker(t, {
    rtbridge: `${head}${acl}`,
    first: "per_listener_settings true",
    mosquitto: `listener ${second} 127.0.0.1\nallow_anonymous true`,
  });
  const observing = await observer(t, broker);
  const client = await listenerClient(t, broker, { username: "anna" });
  const other = await listenerClient(t, broker, { url: `mqtt://127.0.0.1:${second}`, username: "anna" });
  assert.equal(await publishes(client, observing, "own/anna"), true);
  assert.equal(await publishes(client, observing, "own/bob"), false);
  assert.equal(await publishes(other, observing, "own/bob"), true);

  const ready = await until("503", async () => {
    const answer = await get(`${broker.httpUrl}/readyz`);
    return answer.status === 503 && answer;
  });
  assert.match(ready.json.error.message, /per_listener_settings/);
  assert.equal(await publishes(client, observing, "own/bob"), false);
  await broker.waitForLog(/the broker never ticks the plugin.*per_listener_settings.*not checked/);
  await broker.waitForLog(/may not publish "own\/bob"/);
});

// A broker with one more listener that wants certificates; `lines` are further ones of it.
async function withCertificates(t, { rtbridge, lines }) {
  const directory = await certificates(t, ["server", "anna", "bob"]);
  const port = await freePort();
  const broker = await startBroker(t, {
    rtbridge,
    files: tokenFiles,
    mosquitto: [
      `listener ${port} 127.0.0.1`,
      `cafile ${directory}/ca.pem`,
      `certfile ${directory}/server.pem`,
      `keyfile ${directory}/server.key`,
      "require_certificate true",
      lines,
    ].join("\n"),
  });
  const read = (file) => fs.readFileSync(`${directory}/${file}`);
  const as = (name, more = {}) => ({
    url: `mqtts://127.0.0.1:${port}`,
    clientId: "device",
    ca: read("ca.pem"),
    rejectUnauthorized: false,
    ...(name && { cert: read(`${name}.pem`), key: read(`${name}.key`) }),
    ...more,
  });
  return { broker, as };
}

const auth = `${tokenAuth('anonymous = "role:observer"')}[[auth.role]]\nuser = "anna"\nrole = "operator"\n`;

for (const [what, rtbridge, lines, given] of [
  ["use_identity_as_username makes the common name the user", `${head}${acl}`, "use_identity_as_username true", "bob"],
  ["the same where clients log in with tokens", `${head}${auth}${acl}`, "use_identity_as_username true", "bob"],
  ["require_certificate alone names who gives no user name", `${head}${acl}`, "", undefined],
  ["the same where clients log in with tokens, too", `${head}${auth}${acl}`, "", undefined],
]) {
  test(what, async (t) => {
    const { broker, as } = await withCertificates(t, { rtbridge, lines });
    const observing = await observer(t, broker);
    // The same client id, address and, often, the same memory in the broker, one after the other.
    for (const name of ["anna", "bob", "anna", "bob"]) {
      const client = await listenerClient(t, broker, as(name, { username: given }));
      assert.equal(await publishes(client, observing, "own/anna"), name === "anna", name);
      assert.equal(await publishes(client, observing, "own/bob"), name === "bob", name);
      assert.equal(await publishes(client, observing, "ops"), name === "anna" && rtbridge.includes("[auth]"), name);
      await client.endAsync();
    }
    await assert.rejects(connackOf(broker, as(undefined)));
    await broker.waitForLog(/client "device" \(user "bob", 127\.0\.0\.1\) may not publish "own\/anna"/);
  });
}

test("a certificate does not stand for the password of a user name that is given", async (t) => {
  const { broker, as } = await withCertificates(t, { rtbridge: `${head}${tokenAuth()}${acl}`, lines: "" });
  assert.equal(await connackOf(broker, as("anna")), 0);
  assert.equal(await connackOf(broker, as("anna", { username: "bob" })), 5);
  assert.equal(await connackOf(broker, as("anna", { username: "bob", password: token({ sub: "anna" }) })), 5);
  assert.equal(await connackOf(broker, as("anna", { username: "bob", password: token({ sub: "bob" }) })), 0);
});
