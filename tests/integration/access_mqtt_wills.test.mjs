// Wills are checked when they fire, after the broker reported their client gone: by the identity of
// the connection that left them.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  everything, inSeconds, listenerClient, observer, observerRule, receives, rule, token, tokenAuth,
  tokenFiles,
} from "./access.mjs";
import { head, mqttClient, startBroker, within } from "./harness.mjs";

const rules =
  `[acl]\n${observerRule}${rule("allow", everything, ["marker"])}` +
  rule("allow", "publish", ["will/{user}"]) +
  rule("allow", "publish publish_retained", ["kept/{user}"]);
const byName = { rtbridge: `${head}${rules}` };
const byToken = {
  rtbridge: `${head}${tokenAuth('anonymous = "role:observer"')}${rules}` +
    rule("allow", "publish", ["operators"], 'role = "operator"'),
  files: tokenFiles,
};
const will = (topic, more = {}) => ({ will: { topic, payload: "gone", qos: 1, ...more } });
const kill = (client) => client.stream.destroy();

// Ends a client in some way; then whether its will came on `topic`.
async function fires(observing, topic, end) {
  observing.received.length = 0;
  await end();
  const [own] = topic.split(" ");
  // Whatever the broker had to say of a will it says before it serves the next connection.
  await receives(observing, observing, "marker");
  return observing.received.includes(`${own} gone`);
}

async function gone(broker, client, end) {
  const before = broker.log().length;
  await end();
  const id = client.options.clientId;
  await broker.waitForLog(new RegExp(`Client ${id} (disconnected|closed its connection|already)|error on client ${id}|${id} disconnected`), before);
}

test("a will fires where its client may publish, and only when it did not say goodbye", async (t) => {
  const broker = await startBroker(t, byName);
  const observing = await observer(t, broker);
  const cases = [
    { user: "bob", topic: "will/bob", how: "kill", ok: true },
    { user: "bob", topic: "will/bob", how: "exit", ok: false },
    { user: "bob", topic: "will/anna", how: "kill", ok: false },
    { user: "anna", topic: "will/anna", how: "kill", ok: true },
    { topic: "will/", how: "kill", ok: false },
    { user: "bob", topic: "kept/bob", how: "kill", retain: true, ok: true },
    { user: "bob", topic: "will/bob", how: "kill", retain: true, ok: false },
  ];
  for (const { user, topic, how, retain = false, ok } of cases) {
    const client = await mqttClient(t, broker, { clientId: "leaving", username: user, ...will(topic, { retain }) });
    const end = () => gone(broker, client, () => (how === "kill" ? kill(client) : client.endAsync()));
    assert.equal(await fires(observing, topic, end), ok, JSON.stringify({ user, topic, how }));
  }
  await broker.waitForLog(/client "leaving" \(user "bob"[^)]*\) may not publish "will\/anna": no rule/);
});

test("of a client that is taken over, the identity that left the will decides", async (t) => {
  for (const config of [byName, byToken]) {
    const broker = await startBroker(t, config);
    const observing = await observer(t, broker);
    const as = (user) => ({
      clientId: "shared",
      username: user,
      ...(config === byToken && { password: token({ sub: user }) }),
    });
    for (const topic of ["will/anna", "will/bob"]) {
      const anna = await mqttClient(t, broker, { ...as("anna"), ...will(topic) });
      const takeOver = () => gone(broker, anna, () => mqttClient(t, broker, as("bob")));
      assert.equal(await fires(observing, topic, takeOver), topic === "will/anna", topic);
    }
  }
});

test("roles of a token count for the will, those of who takes over do not", async (t) => {
  const broker = await startBroker(t, byToken);
  const observing = await observer(t, broker);
  const as = (user, roles) => ({ clientId: "shared", username: user, password: token({ sub: user, roles }) });
  const cases = [
    { first: ["operator"], second: [], ok: true },
    { first: [], second: ["operator"], ok: false },
  ];
  for (const { first, second, ok } of cases) {
    const client = await mqttClient(t, broker, { ...as("anna", first), ...will("operators") });
    const takeOver = () => gone(broker, client, () => mqttClient(t, broker, as("anna", second)));
    assert.equal(await fires(observing, "operators", takeOver), ok);
  }
});

test("who is disconnected because its token expired leaves its will under its identity", async (t) => {
  const broker = await startBroker(t, byToken);
  const observing = await observer(t, broker);
  for (const [topic, ok] of [["operators", true], ["will/bob", false]]) {
    const password = token({ sub: "anna", roles: ["operator"], exp: inSeconds(2) });
    const client = await mqttClient(t, broker, { clientId: "short", username: "anna", password, ...will(topic) });
    const expired = () => within("the end of the token", new Promise((resolve) => client.on("close", resolve)));
    assert.equal(await fires(observing, topic, expired), ok, topic);
    await broker.waitForLog(/client "short" disconnected: its token has expired/);
  }
});

test("a will that waits fires under the identity that left it", async (t) => {
  const broker = await startBroker(t, byName);
  const observing = await observer(t, broker);
  for (const topic of ["will/anna", "will/bob"]) {
    const clientId = `late-${topic.slice(5)}`;
    const client = await mqttClient(t, broker, {
      clientId,
      username: "anna",
      protocolVersion: 5,
      clean: false,
      properties: { sessionExpiryInterval: 60 },
      ...will(topic, { properties: { willDelayInterval: 1 } }),
    });
    kill(client);
  }
  await observing.awaits("will/anna gone");
  await broker.waitForLog(/client "late-bob" \(user "anna"[^)]*\) may not publish "will\/bob"/);
  assert.ok(!observing.received.includes("will/bob gone"));
  // Its client may come back.
  await listenerClient(t, broker, { clientId: "late-anna", username: "anna" });
});
