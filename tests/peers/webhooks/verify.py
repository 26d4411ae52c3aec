"""Verifies recorded webhooks with code that shares nothing with Outpay: the packages `standardwebhooks` and `svix`, and ten
lines of `hmac` for the documented `Signature`.

Reads a JSON list from standard input, one object per request: `headers` (lower-case names), `body` (text), `token` and
`secret`, and optionally `previous_token` and `previous_secret` (of a roll). Prints `verified N` and exits with 0, or says
what is wrong and exits with 1. It also checks that every request is refused when one byte of it is altered.
"""

import hashlib
import hmac
import json
import sys

import standardwebhooks
import svix.webhooks


def documented(token: str, body: bytes, signature: str) -> bool:
    expected = hmac.new(token.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def standard(secret: str, body: str, headers: dict) -> bool:
    try:
        standardwebhooks.Webhook(secret).verify(body, headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def by_svix(secret: str, body: str, headers: dict) -> bool:
    try:
        svix.webhooks.Webhook(secret).verify(body, headers)
    except svix.webhooks.WebhookVerificationError:
        return False
    return True


def check(one: dict) -> None:
    body, headers = one["body"], one["headers"]
    altered = body.replace('"amount":', '"amount":1', 1)
    assert altered != body
    signed = [(one.get("previous_token", one["token"]), headers["signature"])]
    if "previous_token" in one:
        signed.append((one["token"], headers["signature-next"]))
    for token, signature in signed:
        assert signature == signature.lower() and len(signature) == 64, signature
        assert documented(token, body.encode(), signature), "Signature"
        assert not documented(token, altered.encode(), signature), "Signature of another body"
    secrets = [one["secret"]] + [one[name] for name in ["previous_secret"] if name in one]
    for secret in secrets:
        for verify in (standard, by_svix):
            assert verify(secret, body, headers), verify.__name__
            assert not verify(secret, altered, headers), f"{verify.__name__}: another body"
            assert not verify(secret, body, {**headers, "webhook-id": "whd_other"}), f"{verify.__name__}: another id"
            late = str(int(headers["webhook-timestamp"]) + 1)
            assert not verify(secret, body, {**headers, "webhook-timestamp": late}), f"{verify.__name__}: another time"


requests = json.load(sys.stdin)
assert requests, "nothing to verify"
for request in requests:
    check(request)
print(f"verified {len(requests)}")
