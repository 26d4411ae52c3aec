// Against a running server: OUTPAY_URL names it, OUTPAY_KEY is a test key of a business that can pay 100,000.00 and has paid no
// one of the addresses below. The product's own tests start it, on both engines.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { test } from "node:test";
import {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  InsufficientScopeError,
  NotFoundError,
  Outpay,
  OutpayError,
  OutpayRecipient,
  RateLimitedError,
  RefusedError,
  ValidationError,
  type WebhookEvent,
  WebhookVerifier,
  isPayoutEvent,
} from "../../src/index.js";

const baseUrl = variable("OUTPAY_URL");
const key = variable("OUTPAY_KEY");
const outpay = new Outpay(key, { baseUrl });
const NO_USER = "usr_00000000-0000-8000-8000-000000000000";

function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: the product's tests set it`);
  return value;
}

/** The error of a call that must fail. */
async function errorOf<E extends OutpayError>(kind: new (message: string) => E, call: Promise<unknown>): Promise<E> {
  const thrown: unknown = await call.then(
    (value) => assert.fail(`no error: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof kind, String(thrown));
  assert.match(thrown.requestId ?? "", /^req_/);
  return thrown;
}

async function payee(email: string, amount = 10_000): Promise<OutpayRecipient> {
  return new OutpayRecipient((await outpay.payouts.create({ email, amount })).hash, { baseUrl });
}

async function ended(recipient: OutpayRecipient, id: string): Promise<string> {
  for (;;) {
    const { status } = await recipient.operation(id);
    if (!["created", "queued", "processing"].includes(status)) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("a payout is made once, however often it is asked for under one key", async () => {
  const body = { email: "once@example.com", amount: 10_000, memo: "October", metadata: { order: "7" } };
  const first = await outpay.payouts.create(body, { idempotencyKey: "node-order-7" });
  assert.deepEqual(await outpay.payouts.create(body, { idempotencyKey: "node-order-7" }), first);
  const { balance, email } = await new OutpayRecipient(first.hash, { baseUrl }).operations().page();
  assert.deepEqual([email, balance], [body.email, 10_000]);
});

test("an answer that is lost is asked for again, and pays once", async () => {
  let lost = 0;
  const losing: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    if (lost++ === 0) throw new TypeError("fetch failed");
    return response;
  };
  const unlucky = new Outpay(key, { baseUrl, fetch: losing });
  const { hash } = await unlucky.payouts.create({ email: "lost@example.com", amount: 700 });
  assert.equal(lost, 2);
  assert.equal((await new OutpayRecipient(hash, { baseUrl }).operations().page()).balance, 700);
});

test("batches, and lists over all pages", async () => {
  const payouts = [1, 2, 3, 4, 5].map((row) => ({
    email: `node${row}@example.com`,
    amount: row * 100,
    reference: `node-${row}`,
    metadata: { batch: "node" },
  }));
  const paid = await outpay.payouts.createBatch({ payouts });
  assert.equal(paid.total, 1_500);
  assert.deepEqual((await outpay.payouts.createBatch({ payouts })).data, paid.data);
  const users = await outpay.users.list({ limit: 2, metadata: { batch: "node" } }).all();
  const emails = users.map(({ email }) => email).sort();
  assert.deepEqual(
    emails,
    payouts.map(({ email }) => email),
  );
  assert.equal(
    users.reduce((sum, { balance }) => sum + balance, 0),
    1_500,
  );
  const [found] = await outpay.users.list({ reference: "node-3" }).all();
  assert.equal(found?.email, "node3@example.com");
  const operations = await outpay.users.operations(found!.id, { amount: { gte: 300 } }).all();
  assert.deepEqual(
    operations.map(({ amount, reference }) => [amount, reference]),
    [[300, "node-3"]],
  );
  const sequences = (await outpay.events.list({ limit: 3 }).all()).map(({ sequence }) => sequence);
  assert.ok(sequences.length > 6);
  assert.deepEqual(
    sequences,
    sequences.map((_, index) => index + 1),
  );
});

test("a recipient withdraws by the sandbox", async () => {
  const recipient = await payee("withdraws@example.com");
  const methods = (await recipient.methods()).data.map(({ method }) => method);
  assert.ok(methods.includes("sandbox"), String(methods));
  const wish = { method: "sandbox", amount: 2_500, destination: { account: "1" } };
  assert.equal((await recipient.quote(wish)).amount, 2_500);
  const asked = await recipient.withdraw(wish, { idempotencyKey: "first" });
  assert.equal((await recipient.withdraw(wish, { idempotencyKey: "first" })).id, asked.id);
  assert.equal(await ended(recipient, asked.id), "succeeded");
  const { balance, data } = await recipient.operations().page();
  assert.deepEqual([balance, data[0]?.amount], [7_500, -2_500]);
  const seen = await outpay.withdrawals.get(asked.id);
  assert.deepEqual([seen.status, seen.amount], ["succeeded", 2_500]);
  const refused = await recipient.withdraw({ ...wish, amount: 2_511 });
  assert.equal(await ended(recipient, refused.id), "failed");
  assert.equal((await recipient.operations().page()).balance, 7_500);
});

test("users: deactivated, activated, with a new hash, debited", async () => {
  const { hash } = await outpay.payouts.create({ email: "changes@example.com", amount: 500 });
  const [user] = await outpay.users.list({ email: "changes@example.com" }).all();
  const old = new OutpayRecipient(hash, { baseUrl });
  assert.equal((await outpay.users.deactivate(user!.id)).status, "inactive");
  await errorOf(AuthenticationError, old.methods());
  assert.equal((await outpay.users.activate(user!.id)).status, "active");
  const rotated = await outpay.users.rotateHash(user!.id);
  await errorOf(AuthenticationError, old.methods());
  await outpay.users.debit(user!.id, { amount: 200, reason: "too much" });
  assert.equal((await new OutpayRecipient(rotated.hash, { baseUrl }).operations().page()).balance, 300);
});

test("settings are changed under their tag", async () => {
  const read = await outpay.settings.get();
  assert.ok(read.etag);
  const changed = await outpay.settings.update({ expiry_days: 90 }, { ifMatch: read.etag });
  assert.notEqual(changed.etag, read.etag);
  const late = outpay.settings.update({ expiry_days: 91 }, { ifMatch: read.etag });
  assert.equal((await errorOf(ConflictError, late)).code, "precondition_failed");
});

test("each kind of error", async () => {
  const wrong = new Outpay("sk_test_wrong", { baseUrl });
  assert.equal((await errorOf(AuthenticationError, wrong.balance.get())).status, 401);

  const { key: narrow } = await outpay.apiKeys.create({ name: "narrow", scopes: ["users:read"] });
  const narrowed = new Outpay(narrow, { baseUrl });
  assert.equal((await errorOf(InsufficientScopeError, narrowed.balance.get())).scope, "balances:read");

  const invalid = await errorOf(ValidationError, outpay.payouts.create({ email: "not an address", amount: 0 }));
  assert.deepEqual(Object.keys(invalid.fields).sort(), ["amount", "email"]);
  const misspelt = { to: "balance", from: "payout_balance", amuont: 1 } as never;
  assert.ok("amuont" in (await errorOf(ValidationError, outpay.balance.transfer(misspelt))).fields);
  const payouts = [{ email: "row@example.com", amount: 1, reference: "node-row" }];
  const { rows } = await errorOf(
    ValidationError,
    outpay.payouts.createBatch({ payouts: [...payouts, { email: "", amount: 1 }] }),
  );
  assert.deepEqual([rows[0]?.index, Object.keys(rows[0]?.fields ?? {})], [1, ["email"]]);

  const much = outpay.payouts.create({ email: "much@example.com", amount: 100_000_000 });
  assert.equal((await errorOf(RefusedError, much)).code, "insufficient_payout_balance");
  assert.equal((await errorOf(NotFoundError, outpay.users.get(NO_USER))).code, "payout_user_not_found");

  const options = { idempotencyKey: "node-conflict" };
  await outpay.payouts.create({ email: "conflict@example.com", amount: 1 }, options);
  const other = outpay.payouts.create({ email: "conflict@example.com", amount: 2 }, options);
  assert.equal((await errorOf(ConflictError, other)).code, "idempotency_key_reused");
  await outpay.payouts.createBatch({ payouts });
  const reused = outpay.payouts.createBatch({ payouts: payouts.map((row) => ({ ...row, amount: 2 })) });
  assert.deepEqual((await errorOf(ConflictError, reused)).rows[0]?.index, 0);

  const nowhere = new Outpay(key, { baseUrl: "http://127.0.0.1:1", maxRetries: 0 });
  await assert.rejects(nowhere.balance.get(), ConnectionError);
});

test("too many looks at a gift card", async () => {
  const recipient = await payee("card@example.com");
  const wish = { method: "gift_card", amount: 2_500, destination: { brand: "Bookshop" } };
  const { id } = await recipient.withdraw(wish);
  assert.equal(await ended(recipient, id), "succeeded");
  for (let looks = 0; looks < 10; looks += 1) assert.match((await recipient.reveal(id)).code, /^TEST-/);
  const error = await errorOf(RateLimitedError, recipient.reveal(id));
  assert.deepEqual([error.code, error.retryAfter], ["rate_limited", 3_600]);
});

test("webhooks are received and verified, also during a roll", async () => {
  const received: { body: string; headers: IncomingHttpHeaders }[] = [];
  let tell = (): void => {};
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
      response.end();
      tell();
    });
  });
  const until = async (count: number): Promise<void> => {
    while (received.length < count) await new Promise<void>((resolve) => (tell = resolve));
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const events = ["payout.succeeded" as const, "payout_user.deactivated" as const];
    const made = await outpay.webhooks.create({ url, events });
    const recipient = await payee("hooked@example.com");
    const wish = { method: "sandbox", amount: 2_500, destination: { account: "1" } };
    const { id } = await recipient.withdraw(wish);
    await until(1);
    const rolled = await outpay.webhooks.roll(made.id!, { overlap: 3_600 });
    await outpay.users.deactivate((await outpay.users.list({ email: "hooked@example.com" }).all())[0]!.id);
    await until(2);
    const verified = received.map(({ body, headers }): WebhookEvent[] => [
      new WebhookVerifier({ secrets: [made.secret!, rolled.secret!] }).verify(body, headers),
      new WebhookVerifier({ secrets: made.secret! }).verify(body, headers),
      new WebhookVerifier({ tokens: made.token! }).verify(body, headers),
    ]);
    const [[paid], [off]] = verified as [[WebhookEvent], [WebhookEvent]];
    assert.ok(isPayoutEvent(paid) && paid.type === "payout.succeeded", JSON.stringify(paid));
    assert.deepEqual([paid.order_id, paid.amount, paid.test_mode], [id, 2_500, true]);
    assert.ok(!isPayoutEvent(off) && off.type === "payout_user.deactivated", JSON.stringify(off));
    const [first, second] = received as [(typeof received)[0], (typeof received)[0]];
    const newOnly = new WebhookVerifier({ secrets: rolled.secret! });
    assert.ok(newOnly.verify(second.body, second.headers));
    assert.throws(() => newOnly.verify(first.body, first.headers));
    // The answer of the receiver is recorded after it was given.
    while ((await outpay.webhooks.deliveries.list({ status: "delivered" }).all()).length < 2);
    await outpay.webhooks.delete(made.id!);
  } finally {
    server.close();
  }
});

// As it is printed there, with the package as it is published: dist/.
test("the quick start of the README", () => {
  const root = new URL("../../../", import.meta.url);
  const readme = readFileSync(new URL("README.md", root), "utf8");
  const [, program] = /## Quick start\n```js\n([\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(program);
  const folder = new URL("build/readme/", root);
  mkdirSync(folder, { recursive: true });
  const file = new URL("quick_start.mjs", folder);
  writeFileSync(file, program);
  const printed = execFileSync(process.execPath, [file.pathname], { encoding: "utf8" });
  assert.match(printed, /^ord_\S+ queued\n/);
  assert.match(printed, /\nuser@example\.com \d+\n/);
  assert.match(printed, /\ninsufficient_payout_balance req_\S+\n$/);
});
