import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as outpayModule from "../../src/index.js";
import { Outpay, OutpayError, OutpayRecipient } from "../../src/index.js";
import { type Answer, answering, json } from "./answers.js";

const KEY = "sk_test_secret";

function client(...answers: Answer[]) {
  const fake = answering(...answers);
  return { ...fake, outpay: new Outpay(KEY, { baseUrl: "http://localhost:1/", userAgent: "shop/2", ...fake }) };
}

test("a request names its credential, its agent and nothing else", async () => {
  const { outpay, asked } = client(json(200, { balance: 1, payout_balance: 2 }));
  await outpay.balance.get({ requestId: "mine" });
  const [{ url, method, headers }] = asked as [(typeof asked)[0]];
  assert.deepEqual([method, url], ["GET", "http://localhost:1/balance"]);
  assert.equal(headers.get("authorization"), `Bearer ${KEY}`);
  assert.equal(headers.get("x-request-id"), "mine");
  assert.match(headers.get("user-agent") ?? "", /^shop\/2 outpay-node\/\d+\.\d+\.\d+ node\//);
});

test("lists follow their cursors to the end", async () => {
  const { outpay, asked } = client(
    json(200, { data: [{ id: "usr_1" }, { id: "usr_2" }], has_more: true, next_cursor: "c d" }),
    json(200, { data: [{ id: "usr_3" }], has_more: false, next_cursor: null }),
  );
  const filter = { limit: 2, metadata: { "a&b": "x=y" }, created: { gte: "2026-01-02T03:04:05Z" } };
  const users = await outpay.users.list(filter).all();
  assert.deepEqual(
    users.map(({ id }) => id),
    ["usr_1", "usr_2", "usr_3"],
  );
  const [first, second] = asked.map(({ url }) => new URL(url).searchParams);
  assert.deepEqual(Object.fromEntries(first!), {
    limit: "2",
    "metadata[a&b]": "x=y",
    "created[gte]": "2026-01-02T03:04:05Z",
  });
  assert.equal(second!.get("cursor"), "c d");
  assert.equal(second!.get("limit"), "2");
});

test("a list reads no more pages than the loop needs", async () => {
  const page = { data: [{ id: "usr_1" }, { id: "usr_2" }], has_more: true, next_cursor: "2" };
  const { outpay, asked } = client(json(200, page));
  assert.equal((await outpay.users.list().all(2)).length, 2);
  assert.equal(asked.length, 1);
});

test("a list that goes in a circle ends with an error", async () => {
  const page = () => json(200, { data: [], has_more: true, next_cursor: "1" });
  const { outpay } = client(page(), page());
  await assert.rejects(outpay.users.list().all(), OutpayError);
});

test("events go on by their cursor alone", async () => {
  const { outpay, asked } = client(
    json(200, { data: [{ sequence: 6 }], has_more: true, next_cursor: "6" }),
    json(200, { data: [{ sequence: 7 }], has_more: false, next_cursor: null }),
  );
  assert.equal((await outpay.events.list({ after: 5 }).all()).length, 2);
  const queries = asked.map(({ url }) => new URL(url).search);
  assert.deepEqual(queries, ["?after=5", "?cursor=6"]);
});

test("errors are of their kind", async () => {
  const cases: [number, unknown, string, string | undefined][] = [
    [401, { error: "Unauthorized" }, "AuthenticationError", "unauthorized"],
    [
      403,
      { error: "s", code: "insufficient_scope", scope: "users:read" },
      "InsufficientScopeError",
      "insufficient_scope",
    ],
    [400, { email: ["The email field is required."] }, "ValidationError", "invalid_request"],
    [400, { error: "Malformed JSON body" }, "ValidationError", undefined],
    [400, { error: "s", code: "unknown_field", fields: { amuont: ["s"] } }, "ValidationError", "unknown_field"],
    [413, { error: "s", code: "payload_too_large" }, "ValidationError", "payload_too_large"],
    [400, { error: "Insufficient payout balance" }, "RefusedError", "insufficient_payout_balance"],
    [403, { error: "s", code: "above_key_limit" }, "RefusedError", "above_key_limit"],
    [404, { error: "s", code: "payout_user_not_found" }, "NotFoundError", "payout_user_not_found"],
    [409, { error: "s", code: "withdrawal_state" }, "ConflictError", "withdrawal_state"],
    [412, { error: "s", code: "precondition_failed" }, "ConflictError", "precondition_failed"],
    [
      422,
      { error: "s", code: "reference_reused", rows: [{ index: 3, reference: ["s"] }] },
      "ConflictError",
      "reference_reused",
    ],
    [429, { error: "s", code: "rate_limited" }, "RateLimitedError", "rate_limited"],
    [503, { error: "s", code: "busy" }, "UnavailableError", "busy"],
    [500, { error: "Internal server error" }, "UnavailableError", undefined],
    [504, { error: "s", code: "outcome_unknown" }, "OutcomeUnknownError", "outcome_unknown"],
    [502, "<html>", "OutcomeUnknownError", undefined],
  ];
  for (const [status, body, name, code] of cases) {
    const fake = answering(json(status, body));
    const outpay = new Outpay(KEY, { baseUrl: "http://localhost:1", fetch: fake.fetch, maxRetries: 0 });
    const error: unknown = await outpay.payouts.create({ email: "a@example.com", amount: 1 }).catch((thrown) => thrown);
    assert.ok(error instanceof outpayModule.OutpayError);
    assert.deepEqual([error.name, error.code, error.status, error.requestId], [name, code, status, "req_1"]);
    if (error instanceof outpayModule.ConflictError && code === "reference_reused") {
      assert.deepEqual(error.rows, [{ index: 3, fields: { reference: ["s"] } }]);
    }
    if (error instanceof outpayModule.OutcomeUnknownError) assert.match(error.idempotencyKey ?? "", /-/);
  }
});

test("no secret is printed", async () => {
  const hash = "gyrwhpig2gbf";
  const fake = answering(new TypeError("fetch failed"), json(401, { error: "Unauthorized" }));
  const options = { baseUrl: "http://localhost:1", fetch: fake.fetch, maxRetries: 0 };
  const outpay = new Outpay(KEY, options);
  const recipient = new OutpayRecipient(hash, options);
  const errors = [
    await outpay.balance.get().catch((error) => error),
    await recipient.methods().catch((error) => error),
  ];
  const verifier = new outpayModule.WebhookVerifier({ tokens: "wht_token" });
  for (const thing of [outpay, outpay.payouts, recipient, ...errors, verifier]) {
    const printed = `${inspect(thing, { depth: 9, showHidden: true })} ${JSON.stringify(thing)} ${String(thing)}`;
    assert.doesNotMatch(printed, /secret|gyrwhpig2gbf|wht_token/);
  }
  assert.throws(
    () => new Outpay("sk_test_secret\n", options),
    (error) => error instanceof OutpayError && !/secret/.test(error.message),
  );
});

test("an id cannot become another path", async () => {
  const { outpay, asked } = client(json(200, {}));
  await outpay.users.get("../../balance?x=1#y");
  assert.equal(asked[0]?.url, "http://localhost:1/payout/users/..%2F..%2Fbalance%3Fx%3D1%23y");
});
