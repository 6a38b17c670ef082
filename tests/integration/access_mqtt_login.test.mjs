// [auth] with mqtt = true: MQTT clients log in with passwords and tokens, and nobody else gets in.

import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import { test } from "node:test";
import {
  connackOf, connackOfPasswordOnly, everything, inSeconds, listenerClient, passwordFile, publishes, rule, run,
  secret, token, tokenAuth, tokenFiles,
} from "./access.mjs";
import { head, mqttClient, startBroker, until, within } from "./harness.mjs";

const notAuthorized = { 4: 5, 5: 135 };

// { what, options, ok } one after the other.
async function check(broker, cases) {
  for (const { what, ok, ...options } of cases) {
    const version = options.protocolVersion ?? 4;
    const code = await connackOf(broker, { clientId: "someone", protocolVersion: version, ...options });
    assert.equal(code, ok ? 0 : notAuthorized[version], `${what}\n${broker.log()}`);
  }
}

test("with a password of mosquitto_passwd's file, and with no other", async (t) => {
  const passwords = await passwordFile({ anna: "right", bob: "also right" });
  const rtbridge = `${head}[limits]\nlogins_per_minute = 1000\npassword_time = "500ms"\n[auth]\nmqtt = true\npasswords_file = "passwords"\n`;
  const broker = await startBroker(t, { rtbridge, files: { passwords } });
  await check(broker, [
    { what: "right", username: "anna", password: "right", ok: true },
    { what: "right again, out of the cache", username: "anna", password: "right", ok: true },
    { what: "MQTT 5", username: "bob", password: "also right", protocolVersion: 5, ok: true },
    { what: "wrong", username: "anna", password: "wrong", ok: false },
    { what: "wrong, MQTT 5", username: "anna", password: "wrong", protocolVersion: 5, ok: false },
    { what: "somebody else's", username: "anna", password: "also right", ok: false },
    { what: "longer", username: "anna", password: "right ", ok: false },
    { what: "empty", username: "anna", password: "", ok: false },
    { what: "none", username: "anna", ok: false },
    { what: "unknown user", username: "eve", password: "right", ok: false },
    { what: "nothing", ok: false },
    { what: "a token, though none are configured", username: "anna", password: token({ sub: "anna" }), ok: false },
  ]);
  assert.equal(await connackOfPasswordOnly(broker, "someone", "right"), 135);
  await broker.waitForLog(/client "someone" \(user "eve", 127\.0\.0\.1\) refused: unknown user or wrong password/);
  await broker.waitForLog(/client "someone" \(127\.0\.0\.1\) refused: no credentials, and auth\.anonymous is "deny"/);
  assert.doesNotMatch(broker.log(), /right|wrong"|eyJ/);
});

test("with a token by HS256, RS256 or ES256, whose user is theirs", async (t) => {
  const rsa = crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = ({ publicKey }) => publicKey.export({ type: "spki", format: "pem" });
  const issuer = (name, alg) =>
    `[[auth.jwt]]\nissuer = "${name}"\naudience = "rtbridge"\nalgorithms = ["${alg}"]\nkeys_file = "${name}"\nleeway = "0s"\n`;
  const rtbridge =
    `${head}[limits]\nlogins_per_minute = 1000\n[auth]\nmqtt = true\n` +
    issuer("hs", "HS256") + issuer("rs", "RS256") + issuer("es", "ES256");
  const files = { hs: secret, rs: pem(rsa), es: pem(ec) };
  const broker = await startBroker(t, { rtbridge, files });
  const make = (alg, key, claims = {}) =>
    token({ iss: alg.slice(0, 2).toLowerCase(), aud: "rtbridge", sub: "anna", ...claims }, { alg, key });
  const unsigned = (text) => text.slice(0, text.lastIndexOf(".") + 1);
  const good = make("HS256", secret);
  await check(broker, [
    { what: "HS256", username: "anna", password: good, ok: true },
    { what: "RS256", username: "anna", password: make("RS256", rsa.privateKey), ok: true },
    { what: "ES256", username: "anna", password: make("ES256", ec.privateKey), ok: true },
    { what: "another user name", username: "bob", password: good, ok: false },
    { what: "no user in it", username: "anna", password: make("HS256", secret, { sub: undefined }), ok: false },
    { what: "expired", username: "anna", password: make("HS256", secret, { exp: inSeconds(-5) }), ok: false },
    { what: "not yet", username: "anna", password: make("HS256", secret, { nbf: inSeconds(60) }), ok: false },
    { what: "another audience", username: "anna", password: make("HS256", secret, { aud: "x" }), ok: false },
    { what: "another issuer", username: "anna", password: make("HS256", secret, { iss: "rs" }), ok: false },
    { what: "another key", username: "anna", password: make("HS256", "x".repeat(32)), ok: false },
    { what: "the public key as a secret", username: "anna", password: make("HS256", pem(rsa), { iss: "rs" }), ok: false },
    { what: "without signature", username: "anna", password: unsigned(good), ok: false },
    { what: "changed", username: "anna", password: good.replace(/\.e/, ".f"), ok: false },
  ]);
  assert.equal(await connackOfPasswordOnly(broker, "someone", good), 0);
  await broker.waitForLog(/client "someone" \(user "bob", 127\.0\.0\.1\) refused: the token is for "anna"/);
  assert.doesNotMatch(broker.log(), /eyJ/);
});

test("without credentials only where there is a role for it", async (t) => {
  const rules = `[acl]\n` + rule("allow", everything, ["public"], 'role = "guest"');
  for (const [lines, ok] of [['anonymous = "deny"', false], ['anonymous = "role:guest"', true], ['anonymous = "role:other"', true]]) {
    const broker = await startBroker(t, { rtbridge: `${head}${tokenAuth(lines)}${rules}`, files: tokenFiles });
    await check(broker, [
      { what: lines, ok },
      { what: "a name alone proves nothing", username: "anna", ok: false },
    ]);
    if (!ok) continue;
    const guest = await listenerClient(t, broker, { clientId: "guest" });
    const [{ qos }] = await guest.subscribeAsync("public").catch(() => [{ qos: 128 }]);
    assert.equal(qos < 128, lines.endsWith('guest"'));
  }
});

test("tokens give roles, and so does [[auth.role]] to users of the password file", async (t) => {
  const files = { ...tokenFiles, passwords: await passwordFile({ anna: "a", bob: "b" }) };
  const rtbridge =
    `${head}[limits]\npassword_time = "500ms"\n${tokenAuth('passwords_file = "passwords"')}` +
    `[[auth.role]]\nuser = "ann?"\nrole = "operator"\n[acl]\n` +
    rule("allow", everything, ["marker"]) + rule("allow", "publish", ["ops"], 'role = "operator"') +
    rule("allow", "receive subscribe", ["#"], 'user = "watcher"');
  const broker = await startBroker(t, { rtbridge, files });
  const observing = await listenerClient(t, broker, { username: "watcher", password: token({ sub: "watcher" }) });
  await observing.subscribeAsync("#", { qos: 1 });
  const cases = [
    ["anna", "a", true],
    ["bob", "b", false],
    ["bob", token({ sub: "bob", roles: ["operator"] }), true],
    ["bob", token({ sub: "bob" }), false],
  ];
  for (const [username, password, ok] of cases) {
    const client = await mqttClient(t, broker, { username, password });
    assert.equal(await publishes(client, observing, "ops"), ok, username);
  }
});

test("guessing is slowed down for the address that guesses, and counted", async (t) => {
  const passwords = await passwordFile({ anna: "right" });
  const rtbridge = `${head}[limits]\nlogins_per_minute = 3\npassword_time = "500ms"\n[auth]\nmqtt = true\nanonymous = "role:viewer"\npasswords_file = "passwords"\n`;
  const broker = await startBroker(t, { rtbridge, files: { passwords } });
  const login = (password, more) => connackOf(broker, { username: "anna", password, ...more });
  assert.equal(await login("right"), 0);
  for (let i = 0; i < 3; ++i) assert.equal(await login(`guess ${i}`), 5);

  assert.equal(await login("right"), 5); // even the right one does not show
  await broker.waitForLog(/refused: too many failed logins from its address/);
  const status = await broker.status();
  assert.ok(status.limits.logins_per_minute > 0);
  assert.ok(status.access.logins >= 1 && status.access.logins_refused >= 4, JSON.stringify(status.access));
  // Another address has nothing to do with it.
  const elsewhere = ["-A", "127.0.0.2", "-p", String(broker.mqttPort), "-t", "t", "-m", "m"];
  await run("mosquitto_pub", [...elsewhere, "-u", "anna", "-P", "right"]);
  await until("the end of the wait", async () => (await login("right")) === 0);
});

test("who is connected by a token is disconnected when it expires, and may come back with a new one", async (t) => {
  const broker = await startBroker(t, { rtbridge: `${head}${tokenAuth()}`, files: tokenFiles });
  const expiring = () => token({ sub: "anna", exp: inSeconds(2) });
  const client = await mqttClient(t, broker, { clientId: "short", username: "anna", password: expiring() });
  const lasting = await mqttClient(t, broker, { clientId: "long", username: "anna", password: token({ sub: "anna" }) });
  const renewed = await mqttClient(t, broker, { clientId: "renewed", username: "anna", password: expiring() });
  await renewed.endAsync();
  const again = await mqttClient(t, broker, { clientId: "renewed", username: "anna", password: token({ sub: "anna" }) });

  await within("the end of the token", new Promise((resolve) => client.on("close", resolve)));
  await broker.waitForLog(/client "short" disconnected: its token has expired/);
  assert.ok(lasting.connected && again.connected);
  assert.equal(await connackOf(broker, { clientId: "short", username: "anna", password: client.options.password }), 5);
  assert.equal(await connackOf(broker, { clientId: "short", username: "anna", password: token({ sub: "anna" }) }), 0);
});
