// The operator's own files: what is served, how it is streamed, and what is never let out.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as crypto from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import { test } from "node:test";
import { certificateFiles, makeCertificate } from "./certificate.mjs";
import { get, head, rawConnection, refusedStart, request, startBroker, until, within } from "./harness.mjs";
import { exchange, rawTalk } from "./raw_socket.mjs";

const withWww = head.replace("[listener]\n", '[listener]\nwww = "www"\n');
const megabyte = 1024 * 1024;

const started = (t, files, rtbridge = withWww) =>
  startBroker(t, {
    rtbridge,
    files: Object.fromEntries(Object.entries(files).map(([name, text]) => [`www/${name}`, text])),
  });

const lines = (path, ...more) =>
  [`GET ${path} HTTP/1.1`, "Host: localhost", ...more, "Connection: close", "\r\n"].join("\r\n");

test("files are served with their types, before the built-in page", async (t) => {
  const broker = await started(t, {
    "index.html": "<script>inline()</script>",
    "app/main.js": "export {}",
    "app/index.html": "app",
    "data.json": "{}",
    "dashboard.css": "mine",
    "ws": "never",
    "api/status": "never",
  });

  const page = await get(`${broker.httpUrl}/`);
  assert.equal(page.text, "<script>inline()</script>");
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(page.headers["content-security-policy"], undefined);
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  assert.equal((await get(`${broker.httpUrl}/app/main.js`)).headers["content-type"], "text/javascript; charset=utf-8");
  assert.equal((await get(`${broker.httpUrl}/dashboard.css`)).text, "mine");
  assert.equal((await get(`${broker.httpUrl}/data.json`)).headers["content-type"], "application/json");
  assert.match((await get(`${broker.httpUrl}/rtbridge.js`)).text, /export/);
  assert.equal((await get(`${broker.httpUrl}/ws`)).status, 400);
  assert.equal((await get(`${broker.httpUrl}/api/status`)).json.generation, 1);

  const moved = await get(`${broker.httpUrl}/app?a=1&b=x%20y`);
  assert.equal(moved.status, 301);
  assert.equal(moved.headers.location, "/app/?a=1&b=x%20y");
  assert.equal((await get(`${broker.httpUrl}/app/`)).text, "app");
  assert.equal((await request("HEAD", `${broker.httpUrl}/app/main.js`)).headers["content-length"], "9");
  assert.equal((await request("POST", `${broker.httpUrl}/app/main.js`, {}, "x")).status, 405);
});

test("a browser that has a file gets it again only when it changed", async (t) => {
  const broker = await started(t, { "a.txt": "one" });
  const { headers } = await get(`${broker.httpUrl}/a.txt`);

  const again = await get(`${broker.httpUrl}/a.txt`, { "If-None-Match": headers.etag });
  assert.equal(again.status, 304);
  assert.equal(again.text, "");
  assert.equal((await get(`${broker.httpUrl}/a.txt`, { "If-Modified-Since": headers["last-modified"] })).status, 304);

  broker.write("www/b.txt", "two");
  fs.renameSync(broker.path("www/b.txt"), broker.path("www/a.txt"));
  const changed = await get(`${broker.httpUrl}/a.txt`, { "If-None-Match": headers.etag });
  assert.equal(changed.status, 200);
  assert.equal(changed.text, "two");
});

test("ranges give parts, over one connection that stays open", async (t) => {
  const content = crypto.randomBytes(3 * megabyte).toString("latin1").replace(/[^ -~]/g, "x");
  const broker = await started(t, { "big.txt": content });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const sockets = new Set();
  const part = (range, method = "GET") =>
    within(range, new Promise((resolve, reject) => {
      const sent = http.request(`${broker.httpUrl}/big.txt`, { agent, method, headers: range ? { Range: range } : {} },
        (response) => {
          let text = "";
          response.setEncoding("latin1").on("data", (more) => (text += more)).on("error", reject);
          response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
        });
      sent.on("socket", (socket) => sockets.add(socket)).on("error", reject).end();
    }));

  const whole = await part();
  assert.equal(whole.status, 200);
  assert.equal(whole.text === content, true);
  const middle = await part("bytes=1000000-2999999");
  assert.equal(middle.status, 206);
  assert.equal(middle.headers["content-range"], `bytes 1000000-2999999/${content.length}`);
  assert.equal(middle.text === content.slice(1_000_000, 3_000_000), true);
  assert.equal((await part("bytes=-5")).text, content.slice(-5));
  assert.equal((await part(`bytes=${content.length}-`)).status, 416);
  assert.equal((await part("bytes=0-1,5-6")).text.length, content.length);
  assert.equal((await part(undefined, "HEAD")).headers["content-length"], String(content.length));
  assert.equal((await part("bytes=7-7")).text, content[7]);
  assert.equal(sockets.size, 1);
});

test("nothing but plain files below the directory is let out", async (t) => {
  const broker = await started(t, { "a.txt": "a", ".env": "secret", ".git/config": "secret", "sub/b.txt": "b" });
  broker.write("secret.txt", "secret");
  fs.symlinkSync("../secret.txt", broker.path("www/link.txt"));
  fs.symlinkSync("a.txt", broker.path("www/inner.txt"));
  fs.symlinkSync("..", broker.path("www/up"));
  fs.symlinkSync("/proc/self", broker.path("www/proc"));
  execFileSync("mkfifo", [broker.path("www/fifo")]);

  for (const path of ["/link.txt", "/inner.txt", "/up/secret.txt", "/proc/environ", "/fifo", "/.env", "/%2eenv",
    "/.git/config", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/sub/..%2f..%2fsecret.txt", "/../secret.txt",
    "/sub/%2e%2e/%2e%2e/secret.txt", "/..%5csecret.txt", "/%2e%2e%5csecret.txt", "/%ff%fe", "/%c0%ae%c0%ae/secret.txt",
    "/a.txt/", "/a.txt%00", "/a.txt%00.html", "/rtbridge.toml", "/../rtbridge.toml", "//etc/passwd", "/sub",
    `/${"x".repeat(3000)}`, `/${"y/".repeat(2000)}`]) {
    const { text } = await exchange(t, broker, lines(path));
    assert.doesNotMatch(text, /secret|root:|HTTP\/1.1 (200|30\d)/, path);
  }
  assert.equal((await get(`${broker.httpUrl}/a.txt`)).text, "a");
});

test("a path that looks like a host leads nowhere else", async (t) => {
  const broker = await started(t, { "evil.example/index.html": "mine", "a/evil.example/index.html": "mine" });
  for (const path of ["//evil.example", "/%2fevil.example", "/%5cevil.example", "///evil.example", "/a/..//evil.example"]) {
    const { text } = await exchange(t, broker, lines(path));
    const location = /\r\nLocation: (.*)\r\n/.exec(text)?.[1] ?? "/evil.example/";
    assert.equal(location, "/evil.example/", path);
  }
});

test("a slow reader costs a piece of memory, not the file, and delays nobody", async (t) => {
  const broker = await started(t, { "huge.bin": "h".repeat(60 * megabyte), "small.txt": "small" });
  const before = broker.rssBytes;
  for (let i = 0; i < 20; ++i) {
    const socket = await rawConnection(t, broker);
    socket.pause();
    socket.write(lines("/huge.bin"));
  }
  for (let i = 0; i < 20; ++i) assert.equal((await get(`${broker.httpUrl}/small.txt`)).text, "small");
  const grown = broker.rssBytes - before;
  assert.ok(grown < 20 * megabyte, `${grown} bytes for 20 readers`);
});

test("a file that is replaced while it is sent is sent as it was, one that shrinks ends early", async (t) => {
  const broker = await started(t, { "old.bin": "o".repeat(20 * megabyte), "shrinks.bin": "s".repeat(20 * megabyte) });
  const begin = async (path) => {
    const talk = await rawTalk(t, broker);
    talk.send(lines(path));
    await until("the first bytes", () => talk.text.includes("\r\n\r\n"));
    talk.socket.pause();
    return talk;
  };
  const [replaced, shrunk] = [await begin("/old.bin"), await begin("/shrinks.bin")];
  broker.write("www/new.bin", "n".repeat(20 * megabyte));
  fs.renameSync(broker.path("www/new.bin"), broker.path("www/old.bin"));
  fs.truncateSync(broker.path("www/shrinks.bin"), 1000);

  replaced.socket.resume();
  shrunk.socket.resume();
  await replaced.end();
  await shrunk.end();
  const body = (talk) => talk.text.slice(talk.text.indexOf("\r\n\r\n") + 4);
  assert.equal(body(replaced).length, 20 * megabyte);
  assert.match(body(replaced), /^o+$/);
  assert.ok(body(shrunk).length < 20 * megabyte, "announced bytes that are not there");
  assert.match(body(shrunk), /^s+$/);
});

test("many at once are served, further ones come back, and who reads nothing is hung up on", async (t) => {
  const broker = await started(t, { "big.bin": "b".repeat(20 * megabyte) },
    `${withWww}[limits]\nqueue = { close_after = "3s" }\n`);
  for (let i = 0; i < 130; ++i) {
    const socket = await rawConnection(t, broker);
    socket.pause();
    socket.write(lines("/big.bin"));
  }
  const refused = await until("a refusal", async () => {
    const answer = await request("GET", `${broker.httpUrl}/big.bin`, { Range: "bytes=0-99999" });
    return answer.status === 503 && answer;
  });
  assert.ok(refused.headers["retry-after"]);
  assert.ok((await broker.status()).limits.files >= 1);
  await until("room again", async () =>
    (await request("GET", `${broker.httpUrl}/big.bin`, { Range: "bytes=0-99999" })).status === 206);
});

test("browsers that are gone before their file begins hold neither it nor the processor", async (t) => {
  const broker = await started(t, { "big.bin": "b".repeat(2 * megabyte) });
  const { hostname, port } = new URL(broker.httpUrl);
  const descriptors = () => fs.readdirSync(`/proc/${broker.pid}/fd`).length;
  await get(`${broker.httpUrl}/healthz`);
  const before = descriptors();
  // In many rounds some are reset between their request and its answer.
  for (let round = 0; round < 30; ++round) {
    const sockets = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = net.connect(Number(port), hostname).on("error", () => {});
        await within("TCP connection", once(socket, "connect"));
        return socket;
      }),
    );
    for (const socket of sockets) socket.write(lines("/big.bin"));
    for (const socket of sockets) socket.resetAndDestroy();
  }
  // Long before limits.queue.close_after, which is 30 s.
  await until(`${before} descriptors`, () => descriptors() <= before, 10_000);
});

test("a directory that is replaced as a whole is served anew; another one takes a restart", async (t) => {
  const broker = await started(t, { "a.txt": "old" });
  fs.renameSync(broker.path("www"), broker.path("www.old"));
  assert.equal((await get(`${broker.httpUrl}/a.txt`)).status, 404);
  fs.mkdirSync(broker.path("www"));
  fs.chmodSync(broker.path("www"), 0o755);
  broker.write("www/a.txt", "new");
  assert.equal((await get(`${broker.httpUrl}/a.txt`)).text, "new");

  const status = await broker.reload(withWww.replace('"www"', '"www.old"'));
  assert.deepEqual(status.restart_required, ["listener.www"]);
  assert.equal((await get(`${broker.httpUrl}/a.txt`)).text, "new");
});

test("a directory that is not there is a mistake", async (t) => {
  const { log } = await refusedStart(t, { rtbridge: withWww });
  assert.match(log, /rtbridge\.toml:3:7: error: cannot open the directory ".*www": No such file or directory/);
});

test("with [auth] files need no login", async (t) => {
  const broker = await started(t, { "index.html": "login.html", "big.bin": "b".repeat(megabyte) }, `${withWww}[auth]\n`);
  assert.equal((await get(`${broker.httpUrl}/`)).text, "login.html");
  assert.equal((await get(`${broker.httpUrl}/big.bin`)).text.length, megabyte);
  assert.equal((await get(`${broker.httpUrl}/api/status`)).status, 401);
});

test("over TLS a large file is the same", async (t) => {
  const content = "0123456789".repeat(300_000);
  const broker = await startBroker(t, {
    rtbridge: withWww + 'tls = { cert = "cert.pem", key = "key.pem" }\n',
    files: { ...certificateFiles(makeCertificate("www")), "www/big.txt": content },
  });
  assert.equal((await get(`${broker.httpUrl}/big.txt`)).text === content, true);
  assert.equal((await get(`${broker.httpUrl}/big.txt`, { Range: "bytes=5-200004" })).text === content.slice(5, 200_005), true);
});
