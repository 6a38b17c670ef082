// Bytes to the listener that no client library would send, and what comes back.

import { rawConnection, until, within } from "./harness.mjs";

// A connection that keeps what it gets, as latin1 text.
export async function rawTalk(t, broker) {
  const socket = await rawConnection(t, broker);
  const talk = {
    socket,
    text: "",
    ended: false,
    send: (bytes) => socket.writable && socket.write(Buffer.from(bytes, "latin1")),
    // The status codes of the answers so far.
    statuses: () => [...talk.text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, code]) => Number(code)),
    end: () => until(`the end of a connection that got ${JSON.stringify(talk.text)}`, () => talk.ended),
  };
  socket.on("data", (data) => (talk.text += data.toString("latin1")));
  socket.on("close", () => (talk.ended = true));
  return talk;
}

// Sends a request (or what pretends to be one), waits for the listener to close, and returns the
// status codes that it answered with and the text of it all.
export async function exchange(t, broker, bytes) {
  const talk = await rawTalk(t, broker);
  talk.send(bytes);
  await talk.end();
  return { statuses: talk.statuses(), text: talk.text };
}

const upgrade = [
  "GET /ws HTTP/1.1",
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  "Sec-WebSocket-Version: 13",
  "\r\n",
].join("\r\n");

// A frame as RFC 6455, 5.2 draws it, with everything that may be wrong about one.
export function frame({ fin = true, rsv = 0, opcode = 1, mask = true, payload = "", length, form }) {
  const body = Buffer.from(payload, "latin1");
  const claimed = BigInt(length ?? body.length);
  const shape = form ?? (claimed < 126n ? 7 : claimed < 65_536n ? 16 : 64);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode, mask ? 0x80 : 0];
  if (shape === 7) head[1] |= Number(claimed);
  else {
    head[1] |= shape === 16 ? 126 : 127;
    for (let shift = shape - 8; shift >= 0; shift -= 8) head.push(Number((claimed >> BigInt(shift)) & 255n));
  }
  const key = [1, 2, 3, 4];
  const masked = mask ? body.map((byte, i) => byte ^ key[i % 4]) : body;
  return Buffer.concat([Buffer.from([...head, ...(mask ? key : [])]), masked]).toString("latin1");
}

// A WebSocket without a library: after the handshake, `frames` parses what the listener sent.
export async function rawWebSocket(t, broker) {
  const talk = await rawTalk(t, broker);
  talk.send(upgrade);
  await within("the handshake", until("101", () => talk.text.includes("\r\n\r\n")));
  if (talk.statuses()[0] !== 101) throw new Error(`no WebSocket: ${talk.text}`);
  talk.frames = () => framesOf(talk.text.slice(talk.text.indexOf("\r\n\r\n") + 4));
  // The code of the close frame; undefined where there is none.
  talk.closeCode = () => {
    const close = talk.frames().find(({ opcode }) => opcode === 8);
    return close && (close.payload.charCodeAt(0) << 8) + close.payload.charCodeAt(1);
  };
  return talk;
}

function framesOf(text) {
  const bytes = Buffer.from(text, "latin1");
  const frames = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const short = bytes[at + 1] & 127;
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
    if (start > bytes.length) break;
    const length = short === 126 ? bytes.readUInt16BE(at + 2) : short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short;
    frames.push({ opcode: bytes[at] & 15, payload: bytes.toString("latin1", start, start + length) });
    at = start + length;
  }
  return frames;
}
