// Subscriptions that cover more than the client may receive: granted, and filtered at each delivery.

import assert from "node:assert/strict";
import { test } from "node:test";
import { everything, listenerClient, observer, observerRule, receives, rule, subscribes } from "./access.mjs";
import { head, startBroker, until } from "./harness.mjs";

const open = rule("allow", everything, ["marker", "site/#"]);
const denied = rule("deny", "receive subscribe", ["site/secret/#"], 'client = "some*"');
const withSecret = { rtbridge: `${head}[acl]\n${observerRule}${open}${denied}` };

test("no way of writing a filter gets round a deny", async (t) => {
  const broker = await startBroker(t, withSecret);
  const observing = await observer(t, broker);
  const cases = [
    ["#", true],
    ["+/#", true],
    ["site/#", true],
    ["site/+/#", true],
    ["site/+/plan", true],
    ["$share/g/#", true],
    ["$share/g/site/#", true],
    ["$share/g/site/+/plan", true],
    ["site/secret/#", false],
    ["site/secret/plan", false],
    ["$share/g/site/secret/#", false],
    ["$share/g/site/secret/plan", false],
    ["+/secret/plan", false], // all that is left of it under site/# is denied
  ];
  for (const [filter, granted] of cases) {
    const client = await listenerClient(t, broker, { clientId: "someone", protocolVersion: 5 });
    await client.subscribeAsync("marker", { qos: 1 });

    assert.equal(await subscribes(client, filter), granted, filter);
    assert.equal(await receives(client, observing, "site/secret/plan"), false, filter);
    if (granted && filter.endsWith("#")) assert.equal(await receives(client, observing, "site/a/plan"), true, filter);
    await client.endAsync();
  }
  assert.ok((await broker.status()).access.filtered_mqtt > 0);
});

test("to get a message live needs receive and subscribe", async (t) => {
  const rtbridge =
    `${head}[acl]\n${observerRule}${rule("allow", everything, ["marker"])}` +
    rule("allow", "receive", ["only/receive", "both"]) +
    rule("allow", "subscribe", ["only/subscribe", "both"]);
  const broker = await startBroker(t, { rtbridge });
  const observing = await observer(t, broker);
  const client = await listenerClient(t, broker, { clientId: "someone" });
  await client.subscribeAsync(["marker", "#"], { qos: 1 });

  assert.equal(await subscribes(client, "only/receive"), false);
  assert.equal(await subscribes(client, "only/subscribe"), false);
  assert.equal(await subscribes(client, "both"), true);
  assert.equal(await receives(client, observing, "only/receive"), false);
  assert.equal(await receives(client, observing, "only/subscribe"), false);
  assert.equal(await receives(client, observing, "both"), true);
});

test("retained messages are filtered when they are asked for", async (t) => {
  const broker = await startBroker(t, withSecret);
  const observing = await observer(t, broker);
  for (const topic of ["site/secret/plan", "site/a/plan", "marker"]) {
    await observing.publishAsync(topic, "kept", { qos: 1, retain: true });
  }
  const client = await listenerClient(t, broker, { clientId: "someone" });
  await client.subscribeAsync("site/#", { qos: 1 });
  await client.subscribeAsync("marker", { qos: 1 });

  await client.awaits("marker kept");
  assert.deepEqual(client.received, ["site/a/plan kept", "marker kept"]);
});

test("with check_retain_source a retained message lives as long as the right of its author", async (t) => {
  const author = rule("allow", "publish publish_retained", ["site/b"], 'user = "bob"');
  const rtbridge = `${head}[acl]\n${observerRule}${rule("allow", everything, ["marker"])}${rule("allow", "receive subscribe", ["site/#"])}`;
  const broker = await startBroker(t, {
    rtbridge: rtbridge + author,
    mosquitto: "check_retain_source true",
  });
  const bob = await listenerClient(t, broker, { clientId: "bob-1", username: "bob" });
  await bob.publishAsync("site/b", "kept", { qos: 1, retain: true });
  await bob.publishAsync("marker", "kept", { qos: 1, retain: true });
  const seen = async () => {
    const client = await listenerClient(t, broker, { clientId: "someone" });
    await client.subscribeAsync("site/#", { qos: 1 });
    await client.subscribeAsync("marker", { qos: 1 });
    await client.awaits("marker kept");
    await client.endAsync();
    return client.received.includes("site/b kept");
  };

  assert.equal(await seen(), true);
  await bob.endAsync();
  assert.equal(await seen(), true); // from whom it is does not matter to the connection of the author
  const away = await listenerClient(t, broker, { clientId: "bob-1", username: "bob", clean: false });
  await away.subscribeAsync("site/x", { qos: 1 });
  assert.equal(await seen(), true);
  await broker.reload(rtbridge);
  assert.equal(await seen(), false);
  await broker.waitForLog(/client "bob-1" \(user "bob"[^)]*\) may not keep retained "site\/b": no rule allows publish/);
});

test("logs say who, what, topic and rule; the same once, then how often", async (t) => {
  const broker = await startBroker(t, withSecret);
  const observing = await observer(t, broker);
  const spy = await listenerClient(t, broker, { clientId: "some\u00e9one", username: "b\\ob" });
  for (let i = 0; i < 20; ++i) await subscribes(spy, "site/secret/#");
  for (let i = 0; i < 20; ++i) await spy.publishAsync("closed/x", "the payload", { qos: 1 });
  await observing.publishAsync("marker", "done", { qos: 1 });

  await broker.waitForLog(/client "some\u00e9one" \(user "b[^)]*, 127\.0\.0\.1\) may not publish "closed\/x": no rule allows publish/);
  await broker.waitForLog(/may not subscribe "site\/secret\/#": no rule allows receive and subscribe on any of it/);
  const lines = () => broker.log().split("\n").filter((line) => /may not publish "closed\/x"/.test(line));
  assert.equal(lines().length, 1);
  await until("the count of repetitions", () => lines().some((line) => /\(and 19 more\)/.test(line)), 20_000);
  assert.doesNotMatch(broker.log(), /the payload/);

  const denies = rule("deny", "publish", ["site/secret/#"]);
  await broker.reload(`${withSecret.rtbridge}${denies}`);
  await spy.publishAsync("site/secret/a", "the payload", { qos: 1 });
  const text = `${withSecret.rtbridge}${denies}`;
  const line = text.slice(0, text.indexOf(denies)).split("\n").length;
  await broker.waitForLog(new RegExp(`may not publish "site/secret/a": denied by \\S*rtbridge\\.toml:${line}\\b`));
});
