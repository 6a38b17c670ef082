// A reload changes what connected clients may do, and those that keep their rights do not notice.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  everything, listenerClient, observer, observerRule, publishes, receives, reload, rule, token,
  tokenAuth, tokenFiles,
} from "./access.mjs";
import { head, mqttClient, startBroker, until } from "./harness.mjs";

const base = `${observerRule}${rule("allow", everything, ["marker"], 'client = "keeps*"')}`;
const closed = (client) => until(`the end of ${client.options.clientId}`, () => !client.connected);

test("of 200 clients those that keep their rights notice nothing, those without rights go", async (t) => {
  const rights = (who, topic) => rule("allow", "receive subscribe", [topic], `client = "${who}"`);
  const before = `${head}[acl]\n${base}${rights("keeps-*", "data/#")}${rights("loses-*", "data/#")}${rights("less-*", "data/#")}${rights("less-*", "other")}`;
  const after = `${head}[acl]\n${base}${rights("keeps-*", "data/#")}${rights("less-*", "other")}`;
  const broker = await startBroker(t, { rtbridge: before });
  const names = [
    ...Array.from({ length: 150 }, (_, i) => `keeps-${i}`),
    ...Array.from({ length: 40 }, (_, i) => `loses-${i}`),
    ...Array.from({ length: 10 }, (_, i) => `less-${i}`),
  ];
  const clients = await Promise.all(
    names.map(async (clientId) => {
      const client = await listenerClient(t, broker, { clientId });
      await client.subscribeAsync(["data/#"], { qos: 1 });
      if (clientId.startsWith("less")) await client.subscribeAsync("other", { qos: 1 });
      return client;
    }),
  );
  const kind = (name) => clients.filter((client) => client.options.clientId.startsWith(name));
  const source = await mqttClient(t, broker, { clientId: "observer" });
  await source.publishAsync("data/0", "first", { qos: 1 });
  await until("the first message everywhere", () => clients.every((client) => client.received.length === 1));

  // Messages go on all the time: none may be missing.
  let sent = 0;
  let sending = true;
  const stream = (async () => {
    while (sending) await source.publishAsync("data/1", String(++sent), { qos: 1 });
  })();
  const { ok } = await reload(broker, after);
  await Promise.all(kind("loses").map(closed));
  sending = false;
  await stream;
  await source.publishAsync("other", "last", { qos: 1 });
  await source.publishAsync("data/2", "last", { qos: 1 });

  assert.ok(ok);
  await Promise.all(kind("keeps").map((client) => client.awaits("data/2 last")));
  const expected = ["data/0 first", ...Array.from({ length: sent }, (_, i) => `data/1 ${i + 1}`), "data/2 last"];
  for (const client of kind("keeps")) assert.deepEqual(client.received, expected);
  await Promise.all(kind("less").map((client) => client.awaits("other last")));
  for (const client of [...kind("keeps"), ...kind("less")]) assert.ok(client.connected);
  for (const client of [...kind("less"), ...kind("loses")]) assert.ok(!client.received.includes("data/2 last"));
  await broker.waitForLog(/client "loses-7" disconnected: it may do nothing any more since the reload/);
});

test("logins are repeated at a reload: who keeps the right to be there stays, even with many of one address", async (t) => {
  const config = (key) => `${head}[limits]\nlogins_per_minute = 5\n${tokenAuth().replace('"key"', `"${key}"`)}`;
  const broker = await startBroker(t, {
    rtbridge: config("key"),
    files: { ...tokenFiles, other: "another key of thirty-two bytes or more" },
  });
  const connect = (i) =>
    mqttClient(t, broker, { clientId: `c-${i}`, username: "anna", password: token({ sub: "anna" }) });
  const clients = await Promise.all(Array.from({ length: 30 }, (_, i) => connect(i)));

  for (let i = 0; i < 3; ++i) assert.ok((await reload(broker)).ok);
  await clients[0].publishAsync("t", "m", { qos: 1 });
  assert.ok(clients.every((client) => client.connected));

  // Another key: nobody is who it was. That is no guessing, and does not lock the address out.
  await reload(broker, config("other"));
  await Promise.all(clients.map(closed));
  await reload(broker, config("key"));
  assert.ok((await connect(99)).connected);
});

test("a broken file changes nothing", async (t) => {
  const good = `${head}[acl]\n${base}${rule("allow", everything, ["open"])}`;
  const broker = await startBroker(t, { rtbridge: good });
  const observing = await observer(t, broker);
  const client = await listenerClient(t, broker, { clientId: "keeps" });
  await client.subscribeAsync(["marker", "open", "shut"], { qos: 1 }).catch(() => {});
  for (const mistake of ['[[acl.rule]]\nallow = ["publish"]\ntopics = ["a/#/b"]\n', "[acl", '[acl]\ndefault = "all"\n', ""]) {
    const text = mistake === "" ? `${good}[auth]\npasswords_file = "missing"\n` : `${head}${mistake}`;
    assert.ok(!(await reload(broker, text)).ok, mistake);

    assert.equal(await publishes(client, observing, "open"), true);
    assert.equal(await publishes(client, observing, "shut"), false);
    assert.equal(await receives(client, observing, "open"), true);
    assert.equal(await receives(client, observing, "shut"), false);
  }
});

test("[acl] takes force with the reload that adds it, for clients that are connected, and ends with it", async (t) => {
  const free = `${head}`;
  const bound = `${head}[acl]\n${base}${rule("allow", everything, ["open"])}`;
  const broker = await startBroker(t, { rtbridge: free });
  const observing = await observer(t, broker);
  const client = await listenerClient(t, broker, { clientId: "keeps" });
  await client.subscribeAsync(["marker", "shut"], { qos: 1 });
  for (let round = 0; round < 2; ++round) {
    for (const [text, ok] of [[free, true], [bound, false]]) {
      await broker.reload(`${text}# ${round}\n`);
      assert.equal(await publishes(client, observing, "shut"), ok);
      assert.equal(await receives(client, observing, "shut"), ok);
    }
  }
});

test("mqtt = true takes force with the reload that adds it: who cannot prove itself goes", async (t) => {
  const broker = await startBroker(t, { rtbridge: head, files: tokenFiles });
  const password = token({ sub: "anna" });
  const anna = await mqttClient(t, broker, { clientId: "anna", username: "anna", password });
  const bob = await mqttClient(t, broker, { clientId: "bob", username: "bob", password });
  const nobody = await mqttClient(t, broker, { clientId: "nobody" });

  await reload(broker, `${head}${tokenAuth()}`);

  await Promise.all([closed(bob), closed(nobody)]);
  await anna.publishAsync("t", "m", { qos: 1 });
  assert.ok(anna.connected);
  await reload(broker, head);
  assert.ok((await mqttClient(t, broker, { clientId: "nobody" })).connected);
});

test("what a token gave does not stay with the name when logins are the broker's again", async (t) => {
  const rules = `[acl]\n${observerRule}${rule("allow", everything, ["marker"])}${rule("allow", "publish", ["ops"], 'role = "operator"')}`;
  const broker = await startBroker(t, {
    rtbridge: `${head}${tokenAuth('anonymous = "role:observer"')}${rules}`,
    files: tokenFiles,
  });
  const observing = await observer(t, broker);
  const anna = { clientId: "a", username: "anna" };
  const operator = await mqttClient(t, broker, { ...anna, password: token({ sub: "anna", roles: "operator" }) });
  assert.equal(await publishes(operator, observing, "ops"), true);

  await reload(broker, `${head}${rules}`);

  assert.equal(await publishes(operator, observing, "ops"), false);
  await operator.endAsync();
  const claimsToBe = await mqttClient(t, broker, anna);
  assert.equal(await publishes(claimsToBe, observing, "ops"), false);
});
