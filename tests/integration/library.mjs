// The browser library as the plugin serves it, for tests in Node: rtbridge.js after compact.cmake.

import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import WebSocket from "ws";
import { until } from "./harness.mjs";

const folder = fileURLToPath(new URL("../../src/dashboard/", import.meta.url));
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "rtbridge-library-"));
process.on("exit", () => fs.rmSync(directory, { recursive: true, force: true }));

const served = path.join(directory, "rtbridge.mjs");
execFileSync("cmake", [`-DINPUT=${folder}rtbridge.js`, `-DOUTPUT=${served}`, "-P", `${folder}compact.cmake`]);

export const source = fs.readFileSync(`${folder}rtbridge.js`, "utf8");
export const servedSource = fs.readFileSync(served, "utf8");
export const typesFile = `${folder}rtbridge.d.ts`;
export const { connect } = await import(pathToFileURL(served).href);

// A connection that ends with test `t`; `statuses` has [status, detail] in order. Without a word
// about it the library comes back without delay.
export function open(t, url, options = {}) {
  const statuses = [];
  const onstatus = (...status) => {
    statuses.push(status);
    options.onstatus?.(...status);
  };
  const rt = connect(url, { WebSocket, random: () => 0, ...options, onstatus });
  t.after(() => rt.close());
  return {
    rt,
    statuses,
    // The nth status of this name, from 1.
    status: async (name, n = 1) => {
      const found = () => statuses.filter(([status]) => status === name)[n - 1];
      await until(`status ${name} (${n}) after ${JSON.stringify(statuses)}`, found);
      return found()[1];
    },
  };
}

// A subscription whose `log` has offsets of messages and names of statuses in order.
export function follow(rt, topics, options = {}) {
  const log = [];
  const messages = [];
  const details = [];
  const subscription = rt.subscribe(
    topics,
    {
      ...options,
      onstatus: (status, detail) => {
        log.push(status);
        if (detail) details.push(detail);
      },
    },
    (message) => {
      log.push(message.offset);
      messages.push(message);
    },
  );
  const has = (...expected) =>
    until(`${JSON.stringify(expected)}, got ${JSON.stringify(log)}`, () => log.length >= expected.length);
  return { log, messages, details, has, ...subscription };
}
