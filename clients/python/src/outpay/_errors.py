"""One hierarchy of errors: what the API said, by kind. No error holds a credential, a header or a body that was sent."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """A row of a batch: its index, and sentences per field."""

    index: int
    fields: dict[str, list[str]]


@dataclass(frozen=True)
class Refusal:
    """What the API said about a request that did not succeed."""

    status: int | None = None
    code: str | None = None
    request_id: str | None = None
    scope: str | None = None
    fields: dict[str, list[str]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    retry_after: float | None = None
    idempotency_key: str | None = None


class OutpayError(Exception):
    """Any error of this library."""

    status: int | None
    """The HTTP status; None where there was no answer."""
    code: str | None
    """The stable word for the reason, such as ``insufficient_payout_balance``; None where the API gives none."""
    request_id: str | None
    """What to quote to the operator of the server: its log has the same id."""

    def __init__(self, message: str, said: Refusal | None = None) -> None:
        super().__init__(message)
        said = said or Refusal()
        self.message = message
        self.status = said.status
        self.code = said.code
        self.request_id = said.request_id
        self._said = said

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message, self._said))


class AuthenticationError(OutpayError):
    """401: no valid key or hash."""


class InsufficientScopeError(OutpayError):
    """403: the key is restricted."""

    @property
    def scope(self) -> str | None:
        """The scope that the key lacks, such as ``payouts:write``."""
        return self._said.scope


class ValidationError(OutpayError):
    """The request is wrong as such: fields, parameters, rows of a batch. Nothing was done."""

    @property
    def fields(self) -> dict[str, list[str]]:
        """Sentences per field."""
        return self._said.fields

    @property
    def rows(self) -> list[Row]:
        """Of a batch: the rows that are wrong."""
        return self._said.rows


class RefusedError(OutpayError):
    """A rule says no: too little money, a limit, payouts that are switched off. Nothing was done; ``code`` says which rule."""


class NotFoundError(OutpayError):
    """404"""


class ConflictError(OutpayError):
    """409, 412 and 422: it does not fit what is there, or what was asked before under the same key or reference."""

    @property
    def rows(self) -> list[Row]:
        """Of a batch: the rows whose references were used before."""
        return self._said.rows


class RateLimitedError(OutpayError):
    """429: too many requests. Nothing was done."""

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait."""
        return self._said.retry_after


class OutcomeUnknownError(OutpayError):
    """It may or may not have been carried out. Ask again with the same ``idempotency_key``: it is carried out once."""

    @property
    def idempotency_key(self) -> str | None:
        """The key of this request; None for a request that had none."""
        return self._said.idempotency_key


class UnavailableError(OutpayError):
    """500 and 503: the server cannot do it now. Nothing was done."""


class ConnectionError(OutcomeUnknownError):
    """No answer: no connection, a lost one, or a timeout. A request that changes something may have been carried out."""


class WebhookVerificationError(OutpayError):
    """A webhook is not authentic, or too old."""


# The documented answers without a code, and the codes that batches give the same refusals.
_BARE = {
    "Unauthorized": "unauthorized",
    "Payouts are currently disabled. Please enable them in Settings.": "payouts_disabled",
    "Insufficient payout balance": "insufficient_payout_balance",
}


def error_of(status: int, headers: Mapping[str, str], content: bytes, idempotency_key: str | None) -> OutpayError:
    """The error that an answer stands for. ``content`` is whatever came, JSON or not."""
    body = _object(content)
    sentence = body["error"] if isinstance(body.get("error"), str) else None
    code = body["code"] if isinstance(body.get("code"), str) else _BARE.get(sentence or "")
    fields = _sentences(body["fields"]) if isinstance(body.get("fields"), dict) else {}
    if status == 400 and sentence is None:
        # POST /payout/create answers invalid fields without a wrapper.
        fields = _sentences(body)
        code = "invalid_request" if fields else None
    said = Refusal(
        status=status,
        code=code,
        request_id=headers.get("outpay-request-id") or headers.get("x-request-id"),
        scope=body["scope"] if isinstance(body.get("scope"), str) else None,
        fields=fields,
        rows=_rows(body.get("rows")),
        retry_after=retry_after(headers),
        idempotency_key=idempotency_key,
    )
    first = next((sentences[0] for sentences in fields.values() if sentences), None)
    return _kind(said)(sentence or first or f"The server answered {status}.", said)


def _kind(said: Refusal) -> type[OutpayError]:
    status = said.status or 0
    by_status: dict[int, type[OutpayError]] = {
        401: AuthenticationError,
        404: NotFoundError,
        408: UnavailableError,
        409: ConflictError,
        412: ConflictError,
        413: ValidationError,
        415: ValidationError,
        422: ConflictError,
        429: RateLimitedError,
        # A gateway that gives up on the server knows no more than the client.
        502: OutcomeUnknownError,
        504: OutcomeUnknownError,
    }
    if said.code == "insufficient_scope":
        return InsufficientScopeError
    if status in by_status:
        return by_status[status]
    if status >= 500:
        return UnavailableError
    if status < 400:
        return OutpayError
    is_about_the_request = said.fields or said.rows or said.code is None
    return ValidationError if is_about_the_request else RefusedError


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of ``Retry-After``, as a number or as a date."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _rows(value: object) -> list[Row]:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    return [Row(int(row.get("index", -1)), _sentences(row)) for row in rows]


def _sentences(fields: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [str(one) for one in value] for name, value in fields.items() if isinstance(value, list)}
