// Sends one request, again where that is safe: a GET, or a request under an Idempotency-Key, after an answer or a lost
// connection from which nothing follows. All tries carry the same key.

import { retryAfterOf } from "./errors.js";

export interface RetryPolicy {
  /** How often a request is sent again. */
  maxRetries: number;
  /** Milliseconds for one try. */
  timeout: number;
  /** The longest `Retry-After`, in seconds, that is waited for; with a longer one the error is given at once. */
  maxRetryAfter: number;
  /** Waits so many milliseconds, or until the signal aborts. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1. */
  random: () => number;
}

/** Answers after which the same request under the same key is safe and may succeed. */
const AGAIN = new Set([408, 429, 500, 502, 503, 504]);
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8_000;

/** `send`, which takes what `fetch` takes, with retries. */
export function retrying(send: typeof fetch, policy: RetryPolicy): (request: Request) => Promise<Response> {
  return async (request) => {
    const { url, method, headers, signal, redirect } = request;
    const body = method === "GET" ? undefined : await request.arrayBuffer();
    const isSafe = method === "GET" || headers.has("idempotency-key");
    const most = isSafe ? policy.maxRetries : 0;
    for (let tries = 0; ; tries += 1) {
      let wait = pause(tries, policy.random);
      try {
        const timely = AbortSignal.any([signal, AbortSignal.timeout(policy.timeout)]);
        const response = await whole(await send(url, { method, headers, body, redirect, signal: timely }));
        if (tries >= most || !AGAIN.has(response.status)) return response;
        const asked = retryAfterOf(response.headers) ?? 0;
        if (asked > policy.maxRetryAfter) return response;
        wait = Math.max(wait, asked * 1_000);
      } catch (error) {
        if (tries >= most || signal.aborted) throw error;
      }
      await policy.sleep(wait, signal);
      signal.throwIfAborted();
    }
  };
}

/** Reads the body, so that losing the connection in the middle of it is an error of this try. */
async function whole(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const bytes = await response.arrayBuffer();
  return new Response(bytes.byteLength === 0 ? null : bytes, { status, statusText, headers });
}

/** Half of it by chance, so that clients that failed together do not come back together. */
function pause(tries: number, random: () => number): number {
  const whole = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tries);
  return whole / 2 + (whole / 2) * random();
}

export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
