from __future__ import annotations

import base64
import hashlib
import hmac
import unittest

from outpay import WebhookVerificationError, WebhookVerifier, is_payout_event

# The example of the Standard Webhooks specification.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(bytes(32)).decode()
BODY = b'{"test": 2432232314}'
AT = 1_614_265_330
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "Webhook-Timestamp": str(AT),
    "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def standard(*secrets: str, at: int = AT) -> WebhookVerifier:
    return WebhookVerifier(secrets=secrets, now=lambda: at)


class Webhooks(unittest.TestCase):
    def refuses(self, verifier: WebhookVerifier, body: bytes | str, headers: dict[str, str]) -> None:
        with self.assertRaises(WebhookVerificationError):
            verifier.verify(body, headers)

    def test_the_example_of_standard_webhooks(self) -> None:
        self.assertEqual(standard(SECRET).verify(BODY, HEADERS), {"test": 2432232314})
        self.assertEqual(standard(SECRET).verify(BODY.decode(), HEADERS), {"test": 2432232314})
        self.refuses(standard(SECRET), BODY + b" ", HEADERS)
        self.refuses(standard(OTHER), BODY, HEADERS)
        for name in HEADERS:
            self.refuses(standard(SECRET), BODY, {key: value for key, value in HEADERS.items() if key != name})
            for value in ("1", "", "ü", "\u0661"):
                self.refuses(standard(SECRET), BODY, {**HEADERS, name: value})

    def test_in_a_roll_any_secret_and_any_signature_will_do(self) -> None:
        both = {**HEADERS, "Webhook-Signature": "v1,AAAA " + HEADERS["Webhook-Signature"]}
        self.assertTrue(standard(OTHER, SECRET).verify(BODY, both))
        self.refuses(standard(OTHER), BODY, both)

    def test_what_is_too_old_or_too_new_is_refused(self) -> None:
        for at in (AT + 300, AT - 300):
            self.assertTrue(standard(SECRET, at=at).verify(BODY, HEADERS))
        for at in (AT + 301, AT - 301):
            self.refuses(standard(SECRET, at=at), BODY, HEADERS)

    def test_the_documented_signature(self) -> None:
        # RFC 4231, test case 2. The body of a webhook is JSON, so the vector is checked beside it.
        digest = hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).hexdigest()
        self.assertEqual(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        body = b'{"amount":2500,"order_id":"ord_1","type":"payout.succeeded"}'
        signature = hmac.new(b"wht_a", body, hashlib.sha256).hexdigest()
        verifier = WebhookVerifier(tokens=["wht_b", "wht_a"])
        event = verifier.verify(body, {"Signature": signature})
        assert is_payout_event(event)
        self.assertEqual((event["type"], event["amount"]), ("payout.succeeded", 2_500))
        self.assertTrue(verifier.verify(body, {"signature": "00", "Signature-Next": signature}))
        self.refuses(verifier, body, {"Signature": signature.upper()})
        self.refuses(verifier, body + b" ", {"Signature": signature})
        self.refuses(verifier, body, {})
        self.refuses(WebhookVerifier(tokens="wht_c"), body, {"Signature": signature})

    def test_keys_that_are_none_are_refused_at_once(self) -> None:
        for secret in ("", "whsec_AAAA", "whsec_%%%%", "wht_a"):
            with self.assertRaises(WebhookVerificationError):
                WebhookVerifier(secrets=secret)
        for secrets, tokens in ((None, ""), (None, None), (SECRET, "wht_a"), ([], None)):
            with self.assertRaises(WebhookVerificationError):
                WebhookVerifier(secrets=secrets, tokens=tokens)


if __name__ == "__main__":
    unittest.main()
