// Streams of server-sent events as they come over the wire, read by the letter of the standard.

import * as http from "node:http";
import * as https from "node:https";
import { until, within } from "./harness.mjs";

// The blocks of a stream: { id, event, retry, data, comments }, each undefined where it was not sent.
export function blocksOf(text) {
  const blocks = text.replace(/^\uFEFF/, "").split("\n\n");
  const rest = blocks.pop();
  return { rest, blocks: blocks.map(blockOf) };
}

function blockOf(text) {
  const block = { comments: [] };
  for (const line of text.split("\n")) {
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (name === "") block.comments.push(value);
    else if (name === "data") block.data = block.data === undefined ? value : `${block.data}\n${value}`;
    else if (["id", "event", "retry"].includes(name)) block[name] = value;
    else throw new Error(`no field of an event: ${JSON.stringify(line)}`);
  }
  return block;
}

export class EventStream {
  text = "";
  ended = false; // as it should
  closed = false;
  #taken = 0;

  constructor(response) {
    this.response = response;
    response.setEncoding("utf8");
    response.on("data", (part) => (this.text += part));
    response.on("end", () => (this.ended = true));
    response.on("error", () => {}); // shows as closed and not ended
    response.on("close", () => (this.closed = true));
  }

  get blocks() {
    return blocksOf(this.text).blocks;
  }
  // Blocks with data, as a browser would dispatch them.
  get events() {
    return this.blocks.filter(({ data }) => data !== undefined);
  }
  get cursor() {
    return this.blocks.findLast(({ id }) => id !== undefined)?.id;
  }
  async next() {
    const index = this.#taken++;
    await until(`event ${index}, got ${JSON.stringify(this.text.slice(-2000))}`, () => this.events.length > index);
    return this.events[index];
  }
  async nextJson() {
    return JSON.parse((await this.next()).data);
  }
  async end() {
    await until(`the end of a stream that got ${JSON.stringify(this.text.slice(-2000))}`, () => this.closed);
    return this;
  }
  cut() {
    this.response.destroy();
  }
}

// { stream, status, headers, json }; a stream is there with status 200 only, and ends with test `t`.
export async function openEvents(t, url, headers = {}, options = {}) {
  const { request } = url.startsWith("https:") ? https : http;
  const answered = new Promise((resolve, reject) => {
    const sent = request(url, { headers, agent: false, rejectUnauthorized: false, ...options }, resolve);
    sent.on("error", reject);
    sent.end();
    t.after(() => sent.destroy());
  });
  const response = await within(`answer of ${url}`, answered);
  const answer = { status: response.statusCode, headers: response.headers };
  if (answer.status === 200) return { ...answer, stream: new EventStream(response) };
  let text = "";
  for await (const part of response) text += part;
  return { ...answer, json: text && JSON.parse(text) };
}

export async function openStream(t, broker, query = "", headers = {}) {
  const { stream, status, json } = await openEvents(t, `${broker.httpUrl}/events${query}`, headers);
  if (!stream) throw new Error(`${status} ${JSON.stringify(json)}`);
  await until("the first block", () => stream.blocks.length > 0);
  return stream;
}
