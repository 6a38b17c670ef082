// Runs a command beside a broker of its own: node with_broker.mjs COMMAND...
// The command finds it by RTBRIDGE_URL (http://...) and RTBRIDGE_MQTT_URL (mqtt://...).

import { spawnSync } from "node:child_process";
import { startBroker } from "./harness.mjs";

let cleanUp = async () => {};
const broker = await startBroker({ after: (end) => (cleanUp = end) });
const [command, ...args] = process.argv.slice(2);
const { status } = spawnSync(command, args, {
  stdio: "inherit",
  env: { ...process.env, RTBRIDGE_URL: broker.httpUrl, RTBRIDGE_MQTT_URL: broker.mqttUrl },
});
await cleanUp();
process.exit(status ?? 1);
