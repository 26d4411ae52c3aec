// Verifies and reads webhooks. Not here: receiving them; give `verify` the raw body, before any parsing.

import { createHmac, timingSafeEqual } from "node:crypto";
import { WebhookVerificationError } from "./errors.js";
import type { components } from "./schema.js";

/** A step of a recipient's withdrawal. Deduplicate on `order_id` and `type`. */
export type PayoutEvent = components["schemas"]["PayoutWebhook"];

/** Any other event. Deduplicate on `id`. */
export type BookEvent = components["schemas"]["EventWebhook"];

export type WebhookEvent = PayoutEvent | BookEvent;

/** Is it a step of a withdrawal in the documented form? */
export function isPayoutEvent(event: WebhookEvent): event is PayoutEvent {
  return "order_id" in event;
}

/**
 * The keys to verify with: `secrets` (`whsec_…`) for the signatures of Standard Webhooks, which also protect against
 * replay, or `tokens` for the documented `Signature`. Give several during a roll; any of them will do.
 */
export type WebhookKeys =
  | { secrets: string | readonly string[]; tokens?: undefined; toleranceSeconds?: number; now?: () => number }
  | { tokens: string | readonly string[]; secrets?: undefined };

/** Headers as `Request`, Node's `IncomingMessage` and most frameworks have them. */
export type WebhookHeaders = Headers | Record<string, string | string[] | undefined>;

type Check = (body: Uint8Array, headers: WebhookHeaders) => void;

/** Verifies webhooks: `new WebhookVerifier({ secrets: "whsec_…" }).verify(rawBody, headers)`. */
export class WebhookVerifier {
  readonly #check: Check;

  constructor(keys: WebhookKeys) {
    const { secrets, tokens } = keys;
    if ((secrets === undefined) === (tokens === undefined)) {
      throw new WebhookVerificationError("Give either secrets or tokens: accepting both would let a replay choose.");
    }
    this.#check = secrets === undefined ? documented(listOf(tokens)) : standard(listOf(secrets), keys);
  }

  /** The event, if it is authentic; otherwise throws a `WebhookVerificationError`. */
  verify(body: string | Uint8Array, headers: WebhookHeaders): WebhookEvent {
    const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
    this.#check(bytes, headers);
    return JSON.parse(Buffer.from(bytes).toString("utf8")) as WebhookEvent;
  }
}

function documented(tokens: readonly string[]): Check {
  return (body, headers) => {
    const given = ["signature", "signature-next"].map((name) => headerOf(headers, name));
    const present = given.filter((signature) => signature !== undefined);
    const expected = tokens.map((token) => createHmac("sha256", token).update(body).digest("hex"));
    if (!isOneOf(expected, present)) throw new WebhookVerificationError("No Signature header fits the body.");
  };
}

function standard(secrets: readonly string[], options: { toleranceSeconds?: number; now?: () => number }): Check {
  const { toleranceSeconds = 300, now = Date.now } = options;
  const keys = secrets.map(keyOf);
  return (body, headers) => {
    const id = headerOf(headers, "webhook-id");
    const timestamp = headerOf(headers, "webhook-timestamp");
    const signatures = headerOf(headers, "webhook-signature");
    if (id === undefined || timestamp === undefined || signatures === undefined) {
      throw new WebhookVerificationError("A header is missing: webhook-id, webhook-timestamp or webhook-signature.");
    }
    if (!/^\d{1,15}$/.test(timestamp)) throw new WebhookVerificationError("The webhook-timestamp is not a number.");
    const expected = keys.map((key) => {
      const mac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
      return `v1,${mac.digest("base64")}`;
    });
    if (!isOneOf(expected, signatures.split(" "))) throw new WebhookVerificationError("No signature fits the body.");
    if (Math.abs(now() / 1_000 - Number(timestamp)) > toleranceSeconds) {
      throw new WebhookVerificationError("The webhook is too old, or from the future: check this machine's clock.");
    }
  };
}

function keyOf(secret: string): Buffer {
  const text = secret.startsWith("whsec_") ? secret.slice("whsec_".length) : "";
  const key = Buffer.from(text, "base64");
  if (key.length < 24 || key.length > 64) {
    throw new WebhookVerificationError("A secret is whsec_ and the base64 of 24 to 64 bytes.");
  }
  return key;
}

function listOf(keys: string | readonly string[]): readonly string[] {
  const list = typeof keys === "string" ? [keys] : keys;
  // An empty key would make a signature that anyone can make.
  if (list.length === 0 || list.includes("")) throw new WebhookVerificationError("A secret or token is empty.");
  return list;
}

/** Each pair is compared in full, so that the time tells nothing about where they differ. */
function isOneOf(expected: readonly string[], given: readonly string[]): boolean {
  let found = false;
  for (const one of expected.map((text) => Buffer.from(text))) {
    for (const other of given.map((text) => Buffer.from(text))) {
      if (one.length === other.length && timingSafeEqual(one, other)) found = true;
    }
  }
  return found;
}

function headerOf(headers: WebhookHeaders, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name) return Array.isArray(value) ? value[0] : value;
  }
  return undefined;
}
