// The browser library as the plugin serves it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { get, startBroker } from "./harness.mjs";
import { servedSource } from "./library.mjs";

test("the library is served small, with types, an ETag, to all origins, and without the page", async (t) => {
  const broker = await startBroker(t, { rtbridge: `version = 1\n[listener]\nbind = "127.0.0.1:0"\ndashboard = false\n` });
  const library = await get(`${broker.httpUrl}/rtbridge.js`, { Origin: "https://elsewhere.example" });
  assert.equal(library.status, 200);
  assert.match(library.headers["content-type"], /^text\/javascript/);
  assert.equal(library.headers["access-control-allow-origin"], "*");
  assert.ok(library.text === servedSource, "what these tests run is not what is served");
  assert.ok(gzipSync(library.text).length <= 4096);

  const { etag } = library.headers;
  assert.match(etag, /^"\w+"$/);
  assert.equal((await get(`${broker.httpUrl}/rtbridge.js`, { "If-None-Match": etag })).status, 304);
  assert.match((await get(`${broker.httpUrl}/rtbridge.d.ts`)).text, /export function connect/);
  assert.equal((await get(broker.httpUrl)).status, 404);
});
