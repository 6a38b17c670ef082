// Runs a command beside a broker of its own: node with_broker.mjs COMMAND...
// The command finds it by RTBRIDGE_URL (http://...) and RTBRIDGE_MQTT_URL (mqtt://...).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { startBroker } from "./harness.mjs";

let cleanUp = async () => {};
const broker = await startBroker({ after: (end) => (cleanUp = end) });
const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, {
  stdio: "inherit",
  env: { ...process.env, RTBRIDGE_URL: broker.httpUrl, RTBRIDGE_MQTT_URL: broker.mqttUrl },
});
const [code] = await once(child, "close");
await cleanUp();
process.exit(code ?? 1);
