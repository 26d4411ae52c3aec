import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { WebhookVerificationError, WebhookVerifier, isPayoutEvent } from "../../src/index.js";

// The example of the Standard Webhooks specification.
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY = '{"test": 2432232314}';
const AT = 1_614_265_330;
const HEADERS = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": String(AT),
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const OTHER = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

function standard(secrets: string | string[], seconds = AT): WebhookVerifier {
  return new WebhookVerifier({ secrets, now: () => seconds * 1_000 });
}

function refuses(verifier: WebhookVerifier, body: string, headers: Record<string, string | undefined>): void {
  assert.throws(() => verifier.verify(body, headers), WebhookVerificationError);
}

test("the example of Standard Webhooks", () => {
  assert.deepEqual(standard(SECRET).verify(BODY, HEADERS), { test: 2432232314 });
  assert.deepEqual(standard(SECRET).verify(Buffer.from(BODY), new Headers(HEADERS)), { test: 2432232314 });
  refuses(standard(SECRET), `${BODY} `, HEADERS);
  refuses(standard(OTHER), BODY, HEADERS);
  for (const name of Object.keys(HEADERS)) {
    refuses(standard(SECRET), BODY, { ...HEADERS, [name]: undefined });
    refuses(standard(SECRET), BODY, { ...HEADERS, [name]: "1" });
  }
});

test("a roll: any secret and any signature will do", () => {
  const both = { ...HEADERS, "webhook-signature": `v1,AAAA ${HEADERS["webhook-signature"]}` };
  assert.ok(standard([OTHER, SECRET]).verify(BODY, both));
  refuses(standard([OTHER]), BODY, both);
});

test("what is too old or too new is refused", () => {
  assert.ok(standard(SECRET, AT + 300).verify(BODY, HEADERS));
  assert.ok(standard(SECRET, AT - 300).verify(BODY, HEADERS));
  refuses(standard(SECRET, AT + 301), BODY, HEADERS);
  refuses(standard(SECRET, AT - 301), BODY, HEADERS);
});

// RFC 4231, test case 2, is the digest; the body here has to be JSON, so the vector is checked beside it.
test("the documented signature", () => {
  const digest = createHmac("sha256", "Jefe").update("what do ya want for nothing?").digest("hex");
  assert.equal(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const body = '{"amount":2500,"order_id":"ord_1","type":"payout.succeeded"}';
  const signature = createHmac("sha256", "wht_a").update(body).digest("hex");
  const verifier = new WebhookVerifier({ tokens: ["wht_b", "wht_a"] });
  const event = verifier.verify(body, { Signature: signature });
  assert.ok(isPayoutEvent(event) && event.type === "payout.succeeded" && event.amount === 2_500);
  assert.ok(verifier.verify(body, { signature: "00", "Signature-Next": signature }));
  refuses(verifier, body, { signature: signature.toUpperCase() });
  refuses(verifier, `${body} `, { signature });
  refuses(verifier, body, {});
  refuses(new WebhookVerifier({ tokens: "wht_c" }), body, { signature });
});

test("keys that are none are refused at once", () => {
  for (const keys of [
    { secrets: "" },
    { secrets: [] },
    { secrets: "whsec_AAAA" },
    { secrets: "wht_a" },
    { tokens: "" },
  ]) {
    assert.throws(() => new WebhookVerifier(keys), WebhookVerificationError);
  }
  const both = { secrets: SECRET, tokens: "wht_a" } as never;
  assert.throws(() => new WebhookVerifier(both), WebhookVerificationError);
});
