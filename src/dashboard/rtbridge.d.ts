// Types of /rtbridge.js. For TypeScript: paths = { "/rtbridge.js": ["./rtbridge.d.ts"] }.

/** What a payload may be: JSON, text that is no JSON, or other bytes. */
export interface Message<Data = any> {
  readonly topic: string;
  /** The key of the rule, where the server says it. */
  readonly key?: string;
  /** The payload, if it is JSON. */
  readonly data: Data;
  /** The payload, if it is other text. */
  readonly text?: string;
  /** The payload, if it is neither. */
  readonly bytes?: Uint8Array;
  /** Grows from one message of the server's process to the next. */
  /** NaN for newest values that came by server-sent events while more of them were to come. */
  readonly offset: number;
  /** Unix milliseconds. */
  readonly ts: number;
  /** Not live: a newest value at the start, or what was missed. */
  readonly recovered: boolean;
}

export interface Gap {
  readonly from: number;
  readonly to: number;
  /** How many messages were not delivered. */
  readonly n: number;
  readonly why: string;
}

/** An error of the server, or "offline" and "lost" of the library. */
export interface Failure {
  readonly code: string;
  /** protocols: 100 internal, 101 unauthorized, … */
  readonly n?: number;
  readonly msg?: string;
  readonly retry?: boolean;
}

export interface SubscribeOptions {
  /** Only messages whose rule key is this. */
  key?: string;
  /** Name of the key in URLs, as in `?userId=`; needed only for server-sent events. */
  keyName?: string;
  /** latest (default): the newest value counts; all: each one, or a gap. */
  mode?: "latest" | "all";
  /** Messages a second, per topic and key; for mode latest. */
  maxRate?: number;
  /** The newest values first; default: for mode latest. */
  snap?: boolean;
  /**
   * - new: it begins; with `snap` the newest values come first
   * - recovered: the connection was renewed, and all that was missed follows
   * - latest: the same, with the newest of what was missed
   * - reset: forget what was shown, all begins anew
   * - gap: so many messages will not come
   * - ended: refused or taken away; nothing more will come
   */
  onstatus?: (
    ...what:
      | [status: "new" | "recovered" | "latest" | "reset", detail: undefined]
      | [status: "gap", detail: Gap]
      | [status: "ended", detail: Failure]
  ) => void;
}

export interface Subscription {
  unsubscribe(): void;
}

export type Status = "connecting" | "open" | "waiting" | "closed";

/** The answer to hello; over server-sent events just `transport`. */
export interface Session {
  readonly transport?: "sse";
  readonly session?: string;
  readonly user?: string;
  readonly roles?: readonly string[];
  readonly epoch?: string;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly [more: string]: unknown;
}

export interface ConnectOptions {
  /** Asked before the first connection, when the token was refused, and before it expires. */
  getToken?: () => string | null | undefined | Promise<string | null | undefined>;
  /** Features of rtbridge.v1 to ask for; default `["batch"]`. */
  features?: readonly string[];
  /** Shown in the server's list of sessions. */
  name?: string;
  onstatus?: (
    ...what:
      | [status: "connecting", detail: undefined]
      | [status: "open", session: Session]
      | [status: "waiting", detail: { delay: number; code: number; reason: string }]
      | [status: "closed", detail: { code: number; reason: string }]
  ) => void;
  /** For Node and tests; by default those of the environment. */
  WebSocket?: unknown;
  EventSource?: unknown;
  fetch?: unknown;
  setTimeout?: unknown;
  clearTimeout?: unknown;
  document?: { readonly visibilityState: string };
  now?: () => number;
  random?: () => number;
}

export interface Page<Data = any> {
  readonly items: readonly Message<Data>[];
  /** For `after` of the next page; null: this was the last. */
  readonly next: string | null;
}

export interface Connection {
  readonly status: Status;

  /** `topics`: MQTT topic filters; none, as in `[]`: all that you may receive. */
  subscribe<Data = any>(topics: string | readonly string[], onmessage: (message: Message<Data>) => void): Subscription;
  subscribe<Data = any>(
    topics: string | readonly string[],
    options: SubscribeOptions,
    onmessage: (message: Message<Data>) => void,
  ): Subscription;

  /**
   * Resolves once the broker took it. Never queued: rejects with "offline" without a connection, and
   * with "lost" where the connection ended before the answer: it may have been published.
   * A string is the payload as it is, everything else is sent as JSON.
   */
  publish(topic: string, data?: unknown, options?: { qos?: 0 | 1 | 2; retain?: boolean }): Promise<unknown>;

  /** The newest values, a page at a time; waits for the connection. */
  get<Data = any>(topics: string | readonly string[], options?: { limit?: number; after?: string }): Promise<Page<Data>>;

  /** What the server knows of this connection: queue depth, drops, conflations; waits for the connection. */
  stats(): Promise<Record<string, unknown>>;

  /** Connects now: from "waiting", "closed", or anew. */
  reconnect(): unknown;
  close(): void;
}

/** `url`: of the server, or of its /ws; by default where this library came from. */
export function connect(url: string | URL | undefined, options?: ConnectOptions): Connection;
export function connect(options?: ConnectOptions): Connection;
