"""Verifies and reads webhooks. Not here: receiving them; give ``verify`` the raw body, before any parsing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, TypeGuard, cast

from ._errors import WebhookVerificationError
from ._schema import EventWebhook, PayoutWebhook

PayoutEvent: TypeAlias = PayoutWebhook
"""A step of a recipient's withdrawal. Deduplicate on ``order_id`` and ``type``."""

BookEvent: TypeAlias = EventWebhook
"""Any other event. Deduplicate on ``id``."""

WebhookEvent: TypeAlias = PayoutEvent | BookEvent


def is_payout_event(event: WebhookEvent) -> TypeGuard[PayoutEvent]:
    """Is it a step of a withdrawal in the documented form?"""
    return "order_id" in event


class WebhookVerifier:
    """Verifies webhooks: ``WebhookVerifier(secrets="whsec_…").verify(raw_body, headers)``.

    ``secrets`` are for the signatures of Standard Webhooks, which also protect against replay; ``tokens`` for the documented
    ``Signature``. Give several during a roll; any of them will do.
    """

    def __init__(
        self,
        *,
        secrets: str | Iterable[str] | None = None,
        tokens: str | Iterable[str] | None = None,
        tolerance: float = 300,
        now: Callable[[], float] = time.time,
    ) -> None:
        if (secrets is None) == (tokens is None):
            raise WebhookVerificationError("Give either secrets or tokens: accepting both would let a replay choose.")
        self._keys = [_key_of(secret) for secret in _list_of(secrets)] if secrets is not None else None
        self._tokens = [token.encode() for token in _list_of(tokens)] if tokens is not None else []
        self._tolerance = tolerance
        self._now = now

    def verify(self, body: bytes | str, headers: Mapping[str, str]) -> WebhookEvent:
        """The event, if it is authentic; otherwise raises a ``WebhookVerificationError``."""
        raw = body.encode() if isinstance(body, str) else body
        lower = {name.lower(): value for name, value in headers.items()}
        if self._keys is None:
            self._check_documented(raw, lower)
        else:
            self._check_standard(self._keys, raw, lower)
        return cast("WebhookEvent", json.loads(raw))

    def _check_documented(self, body: bytes, headers: Mapping[str, str]) -> None:
        given = [headers[name] for name in ("signature", "signature-next") if name in headers]
        expected = [hmac.new(token, body, hashlib.sha256).hexdigest() for token in self._tokens]
        if not _is_one_of(expected, given):
            raise WebhookVerificationError("No Signature header fits the body.")

    def _check_standard(self, keys: list[bytes], body: bytes, headers: Mapping[str, str]) -> None:
        try:
            id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
            signatures = headers["webhook-signature"].split(" ")
        except KeyError as missing:
            raise WebhookVerificationError(f"A header is missing: {missing.args[0]}.") from None
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
            raise WebhookVerificationError("The webhook-timestamp is not a number.")
        signed = f"{id}.{timestamp}.".encode() + body
        digests = [hmac.new(key, signed, hashlib.sha256).digest() for key in keys]
        if not _is_one_of([f"v1,{base64.b64encode(digest).decode()}" for digest in digests], signatures):
            raise WebhookVerificationError("No signature fits the body.")
        if abs(self._now() - int(timestamp)) > self._tolerance:
            raise WebhookVerificationError("The webhook is too old, or from the future: check this machine's clock.")


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True) if secret.startswith("whsec_") else b""
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        raise WebhookVerificationError("A secret is whsec_ and the base64 of 24 to 64 bytes.")
    return key


def _list_of(keys: str | Iterable[str]) -> list[str]:
    listed = [keys] if isinstance(keys, str) else list(keys)
    # An empty key would make a signature that anyone can make.
    if not listed or "" in listed:
        raise WebhookVerificationError("A secret or token is empty.")
    return listed


def _is_one_of(expected: list[str], given: list[str]) -> bool:
    """Each pair is compared in full, so that the time tells nothing about where they differ."""
    pairs = [hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in given]
    return any(pairs)
