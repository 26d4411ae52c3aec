// The one place from which requests leave: address, credential, keys, retries, errors. Not here: the operations.

import createClient, { type Client } from "openapi-fetch";
import { randomUUID } from "node:crypto";
import { ConnectionError, OutpayError, errorOf } from "./errors.js";
import { type RetryPolicy, retrying, sleep } from "./retry.js";
import type { paths } from "./schema.js";

export const VERSION = "0.1.0";

/** How a client behaves; every field has a default but the address. */
export interface ClientOptions {
  /** The server, such as `https://payouts.example.com`. */
  baseUrl: string;
  /** Milliseconds for one try; default 30 seconds. */
  timeout?: number;
  /** How often a safe request is sent again; default 3. */
  maxRetries?: number;
  /** The longest `Retry-After`, in seconds, that is waited for; default 60. */
  maxRetryAfter?: number;
  /** In front of the library's own words in `User-Agent`. */
  userAgent?: string;
  /** Sends requests in place of the global `fetch`. */
  fetch?: typeof fetch;
  /** For tests: how to wait between tries. */
  sleep?: RetryPolicy["sleep"];
}

/** What a single call may say. */
export interface CallOptions {
  /** Ends the call, also between tries. */
  signal?: AbortSignal;
  /** Echoed by the server, and in its log. */
  requestId?: string;
}

/** What a call that changes something may say. */
export interface ChangeOptions extends CallOptions {
  /**
   * Default: a random one, the same over all tries. Give one of your own, such as the number of an order, where your process
   * may ask again after it was restarted.
   */
  idempotencyKey?: string;
}

/** What a change of something that is there may say. */
export interface UpdateOptions extends CallOptions {
  /** The `ETag` that the change was made from: if it changed meanwhile, this is a `ConflictError`. */
  ifMatch?: string;
}

/** What openapi-fetch gives back. */
interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Fields of a call of openapi-fetch, made of the options of ours. */
type Sent = {
  headers: Record<string, string>;
  signal?: AbortSignal;
};

/** Values of a query: deep ones become `name[key]=value`. */
export type Query = Record<string, unknown>;

export class Door {
  readonly #api: Client<paths>;

  constructor(credential: Record<string, string>, options: ClientOptions) {
    for (const value of Object.values(credential)) {
      // A header that cannot be sent would be named, with its value, by the error of fetch.
      if (!/^[\x21-\x7e]+( [\x21-\x7e]+)?$/.test(value)) {
        throw new OutpayError("The credential is empty or has characters that none has.");
      }
    }
    const policy: RetryPolicy = {
      maxRetries: options.maxRetries ?? 3,
      timeout: options.timeout ?? 30_000,
      maxRetryAfter: options.maxRetryAfter ?? 60,
      sleep: options.sleep ?? sleep,
      random: Math.random,
    };
    const own = `outpay-node/${VERSION} node/${process.versions.node}`;
    const userAgent = options.userAgent === undefined ? own : `${options.userAgent} ${own}`;
    this.#api = createClient<paths>({
      baseUrl: options.baseUrl.replace(/\/+$/, ""),
      // A redirect would take the credential to another server.
      redirect: "error",
      headers: { ...credential, accept: "application/json", "user-agent": userAgent },
      fetch: retrying(options.fetch ?? ((...all) => fetch(...all)), policy),
      querySerializer: serialize,
    });
  }

  /** For a request that only reads, or is not sent again. */
  async read<T>(
    call: (api: Client<paths>, sent: Sent) => Promise<Answered<T>>,
    options: UpdateOptions = {},
  ): Promise<T> {
    return this.#ask(call, headersOf(options), options.signal);
  }

  /** The same with the `ETag` of the answer. */
  async readTagged<T>(
    call: (api: Client<paths>, sent: Sent) => Promise<Answered<T>>,
    options: UpdateOptions = {},
  ): Promise<Tagged<T>> {
    let etag: string | null = null;
    const value = await this.#ask(
      async (api, sent) => {
        const answered = await call(api, sent);
        etag = answered.response.headers.get("etag");
        return answered;
      },
      headersOf(options),
      options.signal,
    );
    return { value, etag };
  }

  /** For a POST, which gets an Idempotency-Key, and so may be sent again. */
  async change<T>(
    call: (api: Client<paths>, sent: Sent) => Promise<Answered<T>>,
    options: ChangeOptions = {},
  ): Promise<T> {
    const key = options.idempotencyKey ?? randomUUID();
    if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
      throw new OutpayError("An idempotency key has 1 to 255 printable ASCII characters.");
    }
    return this.#ask(call, { ...headersOf(options), "idempotency-key": key }, options.signal, key);
  }

  async #ask<T>(
    call: (api: Client<paths>, sent: Sent) => Promise<Answered<T>>,
    headers: Record<string, string>,
    signal?: AbortSignal,
    key?: string,
  ): Promise<T> {
    let answered: Answered<T>;
    try {
      answered = await call(this.#api, signal === undefined ? { headers } : { headers, signal });
    } catch (cause) {
      if (signal?.aborted) throw cause;
      if (cause instanceof SyntaxError) throw new OutpayError("The server's answer is not JSON.", { cause });
      const isTimeout = cause instanceof Error && cause.name === "TimeoutError";
      throw new ConnectionError(isTimeout ? "No answer in time." : "No answer: the connection failed.", { cause }, key);
    }
    const { data, error, response } = answered;
    if (!response.ok || data === undefined) throw errorOf(response, error, key);
    return data;
  }
}

/** What was read, and the tag under which it can be changed (`ifMatch`). */
export interface Tagged<T> {
  value: T;
  etag: string | null;
}

function headersOf(options: UpdateOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.requestId !== undefined) headers["x-request-id"] = options.requestId;
  if (options.ifMatch !== undefined) headers["if-match"] = options.ifMatch;
  return headers;
}

function serialize(query: Query): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue;
    if (typeof value === "object") {
      for (const [key, deep] of Object.entries(value))
        if (deep !== undefined) pairs.append(`${name}[${key}]`, String(deep));
    } else {
      pairs.append(name, String(value));
    }
  }
  return pairs.toString();
}
