// Many sessions that subscribe and unsubscribe at random, publish and ask, while devices publish and
// the operator reloads good and broken files, on two listener threads. One browser keeps up all the
// while and must not lose or reorder anything.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { joinFullMode } from "./full_mode.mjs";
import { mqttClient, startBroker, until } from "./harness.mjs";

const sessions = Number(process.env.RTBRIDGE_CHURN_SESSIONS ?? 200);
const rounds = Number(process.env.RTBRIDGE_CHURN_ROUNDS ?? 10);
const topics = 20;

const configuration = (last) => `version = 1
[listener]
bind = "127.0.0.1:0"
threads = 2
[limits]
requests_per_second = 100000
[[rule]]
name = "churn"
topics = ["churn/#"]
history = { last = ${last} }
`;

const pick = (n) => Math.floor(Math.random() * n);
const filter = () => ["churn/#", "churn/+", `churn/${pick(topics)}`][pick(3)];

// One step of a browser that can't make up its mind; returns whether it was taken.
async function step(browser, held) {
  switch (pick(6)) {
    case 0:
    case 1: {
      const mode = ["all", "latest"][pick(2)];
      const { sub, offset } = await browser.ask("sub", {
        topics: [filter()],
        mode,
        ...(mode === "latest" && pick(2) ? { max_rate: 1 + pick(50) } : {}),
        ...(held.at && pick(2) ? { since: held.at } : {}),
        snap: pick(2) === 0,
      });
      held.subs.push(sub);
      held.at = { epoch: browser.welcome.epoch, offset };
      return;
    }
    case 2:
      if (held.subs.length > 0) {
        await browser.ask("unsub", { sub: held.subs.splice(pick(held.subs.length), 1)[0] });
      }
      return;
    case 3:
      await browser.ask("get", { topics: [filter()], limit: 1 + pick(50) });
      return;
    case 4:
      await browser.ask("pub", { t: `churn/${pick(topics)}`, d: { from: "browser" } });
      return;
    default: {
      const stats = await browser.ask("stats");
      const known = stats.delivered + stats.conflated + stats.dropped;
      assert.ok(known <= stats.matched, JSON.stringify(stats));
    }
  }
}

test(`${sessions} sessions change their subscriptions through reloads, and who keeps up loses nothing`, async (t) => {
  const broker = await startBroker(t, { rtbridge: configuration(5) });
  const witness = await joinFullMode(t, broker, { features: ["batch"] });
  await witness.ask("sub", { topics: ["churn/#"], mode: "all" });
  const device = await mqttClient(t, broker);

  let over = false;
  let published = 0;
  const publishing = (async () => {
    while (!over) {
      await device.publishAsync(`churn/${published % topics}`, `{"seq":${published}}`, { qos: 1 });
      ++published;
      await setTimeout(20); // all sessions live in this one process, which has to keep up
    }
  })();
  const reloading = (async () => {
    for (let i = 0; !over; ++i) {
      // A broken one changes nothing, and is said.
      await broker.reload(i % 3 === 2 ? "this is no TOML" : configuration(1 + (i % 7)));
    }
  })();

  const lives = Array.from({ length: sessions }, async () => {
    const held = { subs: [], at: undefined };
    for (let life = 0; life < 2; ++life) {
      const browser = await joinFullMode(t, broker, pick(2) ? { features: ["batch"] } : {});
      held.subs = [];
      for (let i = 0; i < rounds; ++i) await step(browser, held);
      if (pick(2)) browser.ws.terminate();
      else await browser.leave();
    }
  });
  await Promise.all(lives);
  over = true;
  await Promise.all([publishing, reloading]);

  const fromDevices = () => witness.pushes.filter(({ d }) => d?.seq !== undefined);
  await until(
    `${published} updates at the witness`,
    () => witness.pushes.some((push) => push.d?.seq === published - 1),
  );
  assert.deepEqual(
    fromDevices().map(({ d }) => d.seq),
    Array.from({ length: published }, (_, seq) => seq),
  );
  const offsets = witness.pushes.map(({ o }) => o);
  assert.ok(offsets.every((o, i) => i === 0 || o > offsets[i - 1]), "offsets rise");
  const stats = await witness.ask("stats");
  assert.equal(stats.delivered, stats.matched);
  assert.equal(stats.gaps, 0);
  await until("all others gone", async () => (await broker.status()).sessions.total === 1);
  assert.equal((await broker.stop()).code, 0);
});
