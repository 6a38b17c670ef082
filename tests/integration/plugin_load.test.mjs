// Start, refusal to start, reload and stop of a real mosquitto with the plugin.

import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as net from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { batteryRule, freePort, get, head, refusedStart, startBroker } from "./harness.mjs";

const linesAbout = (log, pattern) => log.split("\n").filter((line) => pattern.test(line));

async function builtInPortIsFree() {
  const probe = net.createServer().listen(8080, "127.0.0.1");
  const free = await Promise.race([
    once(probe, "listening").then(() => true),
    once(probe, "error").then(() => false),
  ]);
  probe.close();
  return free;
}

test("one plugin line is enough: without a file the built-in defaults run, and the log says so", async (t) => {
  if (fs.existsSync("/etc/rtbridge/rtbridge.toml")) return t.skip("this machine has a configuration");
  if (!(await builtInPortIsFree())) return t.skip("port 8080 is taken on this machine");

  const broker = await startBroker(t, { rtbridge: null });

  assert.match(broker.log(), /default/i);
  assert.equal(broker.httpUrl, "http://127.0.0.1:8080");
});

test("a broker with the plugin starts, is ready, and stops with exit code 0", async (t) => {
  const broker = await startBroker(t);

  assert.equal((await get(`${broker.httpUrl}/readyz`)).status, 200);
  assert.deepEqual(await broker.stop(), { code: 0, signal: null });
});

test("the plugin is refused a second time, in one line", async (t) => {
  const { code, log } = await refusedStart(t, { times: 2 });

  assert.notEqual(code, 0);
  assert.equal(linesAbout(log, /rtbridge.*(twice|already loaded|second)/i).length, 1, log);
});

test("an unreadable configuration refuses the start, naming the file and the reason", async (t) => {
  const { code, log } = await refusedStart(t, { mode: 0o000 });

  assert.notEqual(code, 0);
  assert.equal(linesAbout(log, /rtbridge\.toml.*Permission denied for user \S+/).length, 1, log);
});

test("a configuration that does not exist refuses the start where the option names it", async (t) => {
  const { code, log } = await refusedStart(t, {
    rtbridge: null,
    mosquitto: "plugin_opt_config /nonexistent/rtbridge.toml",
  });

  assert.notEqual(code, 0);
  assert.match(log, /\/nonexistent\/rtbridge\.toml.*No such file/);
});

test("a wrong configuration refuses the start and reports every mistake with its place", async (t) => {
  const { code, log } = await refusedStart(t, {
    rtbridge: `${head}\n[[rule]]\nname = "battery"\ntpoics = ["a"]\nmqtt = "sideways"\n`,
  });

  assert.notEqual(code, 0);
  assert.match(log, /rtbridge\.toml:7:1: error: .*tpoics.*topics/);
  assert.match(log, /rtbridge\.toml:8:8: error: .*sideways/);
});

test("a taken port refuses the start, naming listener.bind", async (t) => {
  const squatter = net.createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  t.after(() => squatter.close());
  const bind = `127.0.0.1:${squatter.address().port}`;

  const { code, log } = await refusedStart(t, {
    rtbridge: `version = 1\n[listener]\nbind = "${bind}"\n${batteryRule}`,
  });

  assert.notEqual(code, 0);
  const [line, ...others] = linesAbout(log, /listener\.bind/);
  assert.deepEqual(others, []);
  assert.ok(line?.includes(bind) && /in use/i.test(line), log);
});

test("another interface than loopback is refused unless anonymous access is said aloud", async (t) => {
  const open = 'version = 1\n[listener]\nbind = "0.0.0.0:0"\n';

  const { code, log } = await refusedStart(t, { rtbridge: `${open}${batteryRule}` });
  assert.notEqual(code, 0);
  assert.match(log, /rtbridge\.toml:3:\d+: error: .*anonymous/);

  const auth = '[auth]\nanonymous = "role:viewer"\n';
  await startBroker(t, { rtbridge: `${open}${auth}${batteryRule}` });
});

test("SIGHUP with a broken file changes nothing, is logged and shows in the status", async (t) => {
  const broker = await startBroker(t);

  const status = await broker.reload(`${head}${batteryRule}nmae = "x"\n`);

  assert.equal(status.reload.ok, false);
  assert.match(status.reload.error, /rtbridge\.toml:10:1: .*nmae/);
  assert.equal(status.generation, 1);
  assert.deepEqual(status.rules.map((rule) => rule.name), ["battery"]);
  await broker.waitForLog(/rtbridge\.toml:10:1: error: .*nmae/);
});

test("SIGHUP with a good file takes effect, also after a broken one", async (t) => {
  const broker = await startBroker(t);
  await broker.reload("this is not TOML");

  const status = await broker.reload(
    `${head}${batteryRule}[[rule]]\nname = "grid"\ntopics = ["grid/#"]\n`,
  );

  assert.equal(status.reload.ok, true);
  assert.equal(status.generation, 2);
  assert.deepEqual(status.rules.map((rule) => rule.name), ["battery", "grid"]);
});

test("a changed bind waits for a restart, is said so, and the rest of the file takes effect", async (t) => {
  const broker = await startBroker(t);
  const bind = `127.0.0.1:${await freePort()}`;

  const status = await broker.reload(
    `version = 1\n[listener]\nbind = "${bind}"\n[[rule]]\nname = "other"\ntopics = ["other"]\n`,
  );

  assert.deepEqual(status.restart_required, ["listener.bind"]);
  assert.equal(status.generation, 2);
  assert.deepEqual(status.rules.map((rule) => rule.name), ["other"]);
  await broker.waitForLog(/listener\.bind.*restart/i);
});

test("rules can be spread over included files", async (t) => {
  const broker = await startBroker(t, {
    rtbridge: `include = ["rules.d/*.toml"]\n${head}`,
    files: {
      "rules.d/20-b.toml": '[[rule]]\nname = "b"\ntopics = ["b"]\n',
      "rules.d/10-a.toml": '[[rule]]\nname = "a"\ntopics = ["a"]\n',
    },
  });

  assert.deepEqual((await broker.status()).rules.map((rule) => rule.name), ["a", "b"]);
});
