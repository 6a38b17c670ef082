// Durable clients: what comes into their queue while they are away, and what they find in it.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  connackOf, everything, inSeconds, listenerClient, observer, observerRule, reload, rule, token,
  tokenAuth, tokenFiles,
} from "./access.mjs";
import { head, startBroker, until } from "./harness.mjs";

const allow = (topics, more = "") => rule("allow", "receive subscribe", topics, more);
const acl = `[acl]\n${observerRule}${allow(["site/#"])}${rule("deny", "receive", ["site/secret/#"], 'client = "away"')}`;
const durable = (more = {}) => ({ clientId: "away", clean: false, ...more });

// A durable client that subscribed to all and left.
async function leave(t, broker, options) {
  const client = await listenerClient(t, broker, durable(options));
  await client.subscribeAsync("site/#", { qos: 1 });
  await client.endAsync();
}
const publish = async (observing, ...topics) => {
  for (const topic of topics) await observing.publishAsync(topic, "m", { qos: 1 });
};
// What it finds when it comes back; the last message is published now.
async function finds(t, broker, observing, options) {
  const client = await listenerClient(t, broker, durable(options));
  await publish(observing, "site/last");
  await client.awaits("site/last m");
  return client.received.slice(0, -1);
}

test("the queue of a durable client gets what it may receive, and nothing else", async (t) => {
  const broker = await startBroker(t, { rtbridge: `${head}${acl}` });
  const observing = await observer(t, broker);
  await leave(t, broker);
  await publish(observing, "site/a", "site/secret/b", "site/c");

  assert.deepEqual(await finds(t, broker, observing), ["site/a m", "site/c m"]);
});

test("what waits in the queue is checked again for who comes to get it", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `${head}[acl]\n${observerRule}${allow(["site/last"])}${allow(["site/#"], 'user = "anna"')}`,
  });
  const observing = await observer(t, broker);
  await leave(t, broker, { username: "anna" });
  await publish(observing, "site/a");
  assert.deepEqual(await finds(t, broker, observing, { username: "eve" }), []);
});

test("a reload while it is away changes what its queue gets", async (t) => {
  const rights = (topic) => `${head}[acl]\n${observerRule}${allow(["site/last"])}${allow([topic])}`;
  const broker = await startBroker(t, { rtbridge: rights("site/#") });
  const observing = await observer(t, broker);
  await leave(t, broker);
  await publish(observing, "site/a/1");
  await broker.reload(rights("site/a/+"));
  await publish(observing, "site/a/2", "site/b/1");
  assert.deepEqual(await finds(t, broker, observing), ["site/a/1 m", "site/a/2 m"]);
});

test("a token that expires meanwhile, and a reload, do not cost it its queue; a new token does get it", async (t) => {
  for (const options of [{}, { protocolVersion: 5, properties: { sessionExpiryInterval: 3600 } }]) {
    const broker = await startBroker(t, {
      rtbridge: `${head}${tokenAuth('anonymous = "role:x"')}${acl}`,
      files: tokenFiles,
    });
    const observing = await observer(t, broker);
    const exp = inSeconds(2);
    const password = token({ sub: "anna", exp });
    await leave(t, broker, { username: "anna", password, ...options });
    await publish(observing, "site/a");
    await until("the end of the token", () => Date.now() > (exp + 0.1) * 1000);
    await publish(observing, "site/b");
    await reload(broker);
    await publish(observing, "site/secret/c", "site/d");

    assert.doesNotMatch(broker.log(), /"away".*(refused|disconnected: its token)/);
    assert.ok((await connackOf(broker, durable({ username: "anna", password, ...options }))) > 0);
    const found = await finds(t, broker, observing, { username: "anna", password: token({ sub: "anna" }), ...options });
    assert.deepEqual(found, ["site/a m", "site/b m", "site/d m"]);
    assert.ok(broker.running);
  }
});
