// Clients, actions and topics: who may do what under one [acl], in the real broker.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  everything, listenerClient, observer, observerRule, publishes, receives, rule, run, subscribes,
  token, tokenAuth, tokenFiles,
} from "./access.mjs";
import { head, startBroker } from "./harness.mjs";

const marker = rule("allow", everything, ["marker"]);

// { user, id, claims, does, topic, ok } one after the other, each by a client of its own.
async function check(t, broker, cases) {
  const observing = await observer(t, broker, ["#", "$SYS/test"]);
  for (const { user, id = "someone", claims, does, topic, ok } of cases) {
    const password = claims && token({ sub: user, ...claims });
    const client = await listenerClient(t, broker, { clientId: id, username: user, password });
    const allowed = await {
      publish: () => publishes(client, observing, topic),
      retain: () => publishes(client, observing, topic, { retain: true }),
      subscribe: () => subscribes(client, topic),
      receive: async () => {
        await client.subscribeAsync(["marker", "#"], { qos: 1 }).catch(() => {});
        return receives(client, observing, topic);
      },
    }[does]();
    const who = `${user ?? "-"}/${id} ${does} ${topic}`;
    assert.equal(allowed, ok, `${who} under\n${broker.log()}`);
    await client.endAsync();
  }
}

test("by user, client id and address; what no rule allows is denied", async (t) => {
  const rtbridge =
    `${head}[acl]\n${observerRule}${marker}` +
    rule("allow", "publish", ["by/user/#"], 'user = "anna*"') +
    rule("allow", "publish receive subscribe", ["by/client"], 'client = "pump-?"') +
    rule("allow", "publish", ["by/both"], 'user = "anna"\nclient = "pump-1"') +
    rule("allow", "publish", ["by/address"], 'address = "127.0.0.0/8"') +
    rule("allow", "publish", ["by/other/address"], 'address = "192.0.2.0/24"');
  const broker = await startBroker(t, { rtbridge });
  await check(t, broker, [
    { user: "anna", does: "publish", topic: "by/user/x/y", ok: true },
    { user: "anna-2", does: "publish", topic: "by/user", ok: true },
    { user: "Anna", does: "publish", topic: "by/user", ok: false },
    { does: "publish", topic: "by/user", ok: false },
    { user: "anna", does: "retain", topic: "by/user", ok: false }, // needs publish_retained, too
    { user: "anna", does: "subscribe", topic: "by/user", ok: false },
    { id: "pump-1", does: "publish", topic: "by/client", ok: true },
    { id: "pump-1", does: "subscribe", topic: "by/client", ok: true },
    { id: "pump-1", does: "receive", topic: "by/client", ok: true },
    { id: "pump-1", does: "receive", topic: "by/user", ok: false },
    { id: "pump-12", does: "publish", topic: "by/client", ok: false },
    { id: "pump-12", does: "receive", topic: "by/client", ok: false },
    { user: "anna", id: "pump-1", does: "publish", topic: "by/both", ok: true },
    { user: "anna", id: "pump-2", does: "publish", topic: "by/both", ok: false },
    { user: "bob", id: "pump-1", does: "publish", topic: "by/both", ok: false },
    { does: "publish", topic: "by/address", ok: true },
    { does: "publish", topic: "by/other/address", ok: false },
    { does: "publish", topic: "by", ok: false },
  ]);
});

test("by role and claims of a token, with placeholders that fill whole levels", async (t) => {
  const rtbridge =
    `${head}${tokenAuth('anonymous = "role:observer"')}` +
    `[[auth.role]]\nuser = "anna"\nrole = "operator"\n[acl]\n${observerRule}${marker}` +
    rule("allow", "publish publish_retained", ["ops/#"], 'role = "operator"') +
    rule("allow", "publish", ["own/{user}/#", "dev/{client}/state", "site/{claim.site}/x"]);
  const broker = await startBroker(t, { rtbridge, files: tokenFiles });
  const operator = { roles: ["operator"] };
  await check(t, broker, [
    { user: "bob", claims: operator, does: "publish", topic: "ops/1", ok: true },
    { user: "bob", claims: operator, does: "retain", topic: "ops/1", ok: true },
    { user: "bob", claims: { roles: "operator" }, does: "publish", topic: "ops/1", ok: true },
    { user: "bob", claims: { roles: ["Operator"] }, does: "publish", topic: "ops/1", ok: false },
    { user: "anna", claims: {}, does: "publish", topic: "ops/1", ok: true }, // [[auth.role]]
    { user: "bob", claims: {}, does: "publish", topic: "own/bob/a/b", ok: true },
    { user: "bob", claims: {}, does: "publish", topic: "own/anna/a", ok: false },
    { user: "bob", claims: {}, does: "publish", topic: "own/bobby/a", ok: false },
    { user: "bob", id: "pump-1", claims: {}, does: "publish", topic: "dev/pump-1/state", ok: true },
    { user: "bob", id: "pump-1", claims: {}, does: "publish", topic: "dev/pump-2/state", ok: false },
    { user: "bob", claims: { site: "s1" }, does: "publish", topic: "site/s1/x", ok: true },
    { user: "bob", claims: { site: 7 }, does: "publish", topic: "site/7/x", ok: true },
    { user: "bob", claims: { site: "s1" }, does: "publish", topic: "site/s2/x", ok: false },
    { user: "bob", claims: {}, does: "publish", topic: "site/x/x", ok: false },
    { does: "publish", topic: "own//a", ok: false }, // nobody's own
  ]);
});

test("names with wildcards and separators fill no placeholder, and a level may be named '+'", async (t) => {
  const rtbridge =
    `${head}[acl]\n${observerRule}${marker}` +
    rule("allow", everything, ["own/{user}", "dev/{client}", "own/{user}/#"]) +
    rule("allow", everything, ["any/+/x"]);
  const broker = await startBroker(t, { rtbridge });
  const unsafe = ["+", "#", "a/b", "a+", "#a", "a/#"];
  await check(t, broker, [
    { user: "bob", does: "publish", topic: "own/bob", ok: true },
    ...unsafe.flatMap((name) => [
      { user: name, does: "publish", topic: "own/bob", ok: false },
      { user: name, does: "subscribe", topic: "own/bob", ok: false },
      { user: name, does: "subscribe", topic: "own/#", ok: false },
      { id: name, does: "publish", topic: "dev/pump", ok: false },
      { id: name, does: "subscribe", topic: "dev/+", ok: false },
    ]),
    { user: "a/b", does: "publish", topic: "own/a/b", ok: false },
    { does: "publish", topic: "any/a/x", ok: true },
    { does: "subscribe", topic: "any/+/x", ok: true },
    { does: "subscribe", topic: "any/+", ok: false },
  ]);
});

test("deny beats allow in whatever order, and the default decides about the rest", async (t) => {
  const allow = rule("allow", everything, ["site/#"]);
  const deny = rule("deny", everything, ["site/secret/#"], 'client = "some*"');
  const cases = [
    { does: "publish", topic: "site/a", ok: true },
    { does: "retain", topic: "site/a", ok: true },
    { does: "publish", topic: "site/secret", ok: false },
    { does: "publish", topic: "site/secret/a", ok: false },
    { does: "subscribe", topic: "site/secret/+", ok: false },
    { id: "other", does: "publish", topic: "site/secret/a", ok: true },
  ];
  const rest = (ok) => [
    { does: "publish", topic: "rest", ok },
    { does: "subscribe", topic: "rest", ok },
    { does: "receive", topic: "rest", ok },
  ];
  for (const [rules, byDefault] of [[allow + deny, "deny"], [deny + allow, "deny"], [deny, "allow"]]) {
    const rtbridge = `${head}[acl]\ndefault = "${byDefault}"\n${observerRule}${marker}${rules}`;
    const broker = await startBroker(t, { rtbridge });
    await check(t, broker, [...cases, ...rest(byDefault === "allow")]);
  }
});

test("$ topics are for those whose rules name them, $CONTROL even where the default allows", async (t) => {
  for (const byDefault of ["deny", "allow"]) {
    const rtbridge =
      `${head}[acl]\ndefault = "${byDefault}"\n${observerRule}${marker}` +
      rule("allow", everything, ["#", "+/broker/version"]) +
      rule("allow", everything, ["$SYS/broker/uptime", "$CONTROL/dynamic-security/v1"], 'user = "root"');
    const broker = await startBroker(t, { rtbridge });
    await check(t, broker, [
      { does: "subscribe", topic: "$SYS/broker/version", ok: byDefault === "allow" },
      { user: "root", does: "subscribe", topic: "$SYS/broker/uptime", ok: true },
      { does: "subscribe", topic: "$CONTROL/dynamic-security/v1", ok: false },
      { does: "subscribe", topic: "$CONTROL/#", ok: false },
      { user: "root", does: "subscribe", topic: "$CONTROL/dynamic-security/v1", ok: true },
      { user: "root", does: "subscribe", topic: "$CONTROL/dynamic-security/v2", ok: false },
    ]);
    const status = await broker.status();
    assert.ok(status.access.denied_mqtt >= 3, JSON.stringify(status.access));
  }
});

test("mosquitto_pub and mosquitto_sub see the same", async (t) => {
  const rtbridge =
    `${head}[acl]\n` + rule("allow", everything, ["open/#"]) + rule("allow", everything, ["own/{user}"]);
  const broker = await startBroker(t, { rtbridge });
  const port = ["-p", String(broker.mqttPort)];
  await run("mosquitto_pub", [...port, "-t", "open/a", "-m", "1", "-r", "-q", "1"]);
  await run("mosquitto_pub", [...port, "-t", "closed/a", "-m", "2", "-r", "-q", "1"]);
  await run("mosquitto_pub", [...port, "-u", "bob", "-t", "own/bob", "-m", "3", "-r", "-q", "1"]);
  await run("mosquitto_pub", [...port, "-u", "bob", "-t", "own/anna", "-m", "4", "-r", "-q", "1"]);
  // MQTT 5 tells the publisher.
  const { stderr } = await run("mosquitto_pub", [...port, "-V", "5", "-t", "closed/a", "-m", "x", "-q", "1"]);
  assert.match(stderr, /Not authorized/);

  const all = [...port, "-u", "bob", "-v", "-t", "#", "-C", "2", "-W", "10"];
  const { stdout } = await run("mosquitto_sub", all);
  assert.deepEqual(stdout.trim().split("\n").sort(), ["open/a 1", "own/bob 3"]);
  const refused = await run("mosquitto_sub", [...port, "-t", "closed/a", "-W", "10"]);
  assert.match(refused.stderr, /All subscription requests were denied/);
});
