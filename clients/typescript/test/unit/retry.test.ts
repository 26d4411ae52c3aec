import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionError, OutcomeUnknownError, Outpay, RateLimitedError, UnavailableError } from "../../src/index.js";
import { type Answer, answering, json } from "./answers.js";

const KEY = "sk_test_secret";
const BUSY = { error: "Busy; nothing was changed. Try again.", code: "busy" };
const PAYOUT = { email: "user@example.com", amount: 10_000 };

function client(...answers: Answer[]) {
  const fake = answering(...answers);
  return { ...fake, outpay: new Outpay(KEY, { baseUrl: "http://localhost:1/", ...fake }) };
}

const lost = () => new TypeError("fetch failed");
const busy = (headers = {}) => json(503, BUSY, headers);

test("a POST is sent again under the same key, with the same body", async () => {
  const { outpay, asked } = client(
    lost(),
    busy(),
    json(500, { error: "Internal server error" }),
    json(201, { hash: "h" }),
  );
  assert.deepEqual(await outpay.payouts.create(PAYOUT), { hash: "h" });
  const keys = new Set(asked.map(({ headers }) => headers.get("idempotency-key")));
  assert.equal(asked.length, 4);
  assert.equal(keys.size, 1);
  assert.match([...keys][0] ?? "", /^[0-9a-f-]{36}$/);
  assert.deepEqual(new Set(asked.map(({ body }) => body)), new Set([JSON.stringify(PAYOUT)]));
});

test("two calls have two keys, and a given key is taken", async () => {
  const { outpay, asked } = client(json(201, { hash: "h" }), json(201, { hash: "h" }), json(201, { hash: "h" }));
  await outpay.payouts.create(PAYOUT);
  await outpay.payouts.create(PAYOUT);
  await outpay.payouts.create(PAYOUT, { idempotencyKey: "order 7" });
  const keys = asked.map(({ headers }) => headers.get("idempotency-key"));
  assert.notEqual(keys[0], keys[1]);
  assert.equal(keys[2], "order 7");
});

test("it gives up after the retries, with the last answer", async () => {
  const { outpay, asked } = client(busy(), busy(), busy(), busy());
  await assert.rejects(outpay.balance.get(), (error) => {
    assert.ok(error instanceof UnavailableError);
    assert.deepEqual([error.status, error.code, error.requestId], [503, "busy", "req_1"]);
    return true;
  });
  assert.equal(asked.length, 4);
});

test("a lost connection says that the outcome is unknown, and under which key", async () => {
  const { outpay } = client(lost(), lost(), lost(), lost());
  await assert.rejects(outpay.payouts.create(PAYOUT, { idempotencyKey: "order-7" }), (error) => {
    assert.ok(error instanceof ConnectionError && error instanceof OutcomeUnknownError);
    assert.equal(error.idempotencyKey, "order-7");
    assert.ok(error.cause instanceof TypeError);
    return true;
  });
});

test("Retry-After is waited for, and pauses grow", async () => {
  const { outpay, waits } = client(busy({ "retry-after": "7" }), busy(), busy(), json(200, { balance: 1 }));
  await outpay.balance.get();
  assert.equal(waits[0], 7_000);
  assert.ok(waits[1]! >= 500 && waits[1]! <= 1_000, String(waits));
  assert.ok(waits[2]! >= 1_000 && waits[2]! <= 2_000, String(waits));
});

test("a Retry-After that is too long is given to the caller at once", async () => {
  const body = { error: "Too many requests", code: "rate_limited" };
  const { outpay, asked } = client(json(429, body, { "retry-after": "3600" }));
  await assert.rejects(
    outpay.balance.get(),
    (error) => error instanceof RateLimitedError && error.retryAfter === 3_600,
  );
  assert.equal(asked.length, 1);
});

test("what refuses an idempotency key has none and is sent once", async () => {
  for (const call of [
    (outpay: Outpay) => outpay.apiKeys.create({ name: "till" }),
    (outpay: Outpay) => outpay.apiKeys.roll("key_1"),
    (outpay: Outpay) => outpay.settings.update({}),
    (outpay: Outpay) => outpay.webhooks.delete("whe_1"),
  ]) {
    const { outpay, asked } = client(busy());
    await assert.rejects(call(outpay), UnavailableError);
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.headers.get("idempotency-key"), null);
  }
});

test("a refusal is not sent again", async () => {
  for (const status of [400, 401, 403, 404, 409, 422]) {
    const { outpay, asked } = client(json(status, { error: "No", code: "no" }));
    await assert.rejects(outpay.payouts.create(PAYOUT));
    assert.equal(asked.length, 1);
  }
});

test("a signal ends the call between two tries", async () => {
  const fake = answering(busy(), busy());
  const abort = new AbortController();
  const sleep = async () => abort.abort();
  const outpay = new Outpay(KEY, { baseUrl: "http://localhost:1", fetch: fake.fetch, sleep });
  await assert.rejects(outpay.balance.get({ signal: abort.signal }), { name: "AbortError" });
  assert.equal(fake.asked.length, 1);
});

test("a try that takes too long is a ConnectionError", async () => {
  const never = ((_url: unknown, init?: RequestInit) =>
    new Promise((_, reject) => {
      // A timer of a signal does not keep the process alive.
      const alive = setTimeout(() => {}, 5_000);
      init?.signal?.addEventListener("abort", () => {
        clearTimeout(alive);
        reject(init.signal?.reason);
      });
    })) as typeof fetch;
  const outpay = new Outpay(KEY, { baseUrl: "http://localhost:1", fetch: never, timeout: 5, maxRetries: 0 });
  await assert.rejects(outpay.balance.get(), (error) => error instanceof ConnectionError && /time/.test(error.message));
});

test("an answer that is cut off is asked for again", async () => {
  const cut = new ReadableStream({ start: (stream) => stream.error(new TypeError("terminated")) });
  const { outpay, asked } = client(new Response(cut, { status: 201 }), json(201, { hash: "h" }));
  assert.deepEqual(await outpay.payouts.create(PAYOUT), { hash: "h" });
  assert.equal(asked.length, 2);
});
