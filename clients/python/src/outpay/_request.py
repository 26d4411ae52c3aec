"""What sync and async clients share: the request, and whether and when it is sent again. No I/O is here."""

from __future__ import annotations

import platform
import random
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import httpx

from ._errors import ConnectionError, OutpayError, Refusal, error_of, retry_after
from ._version import VERSION

# Answers after which the same request under the same key is safe and may succeed.
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 8.0
_OWN_AGENT = f"outpay-python/{VERSION} python/{platform.python_version()}"


T = TypeVar("T")

Bounds: TypeAlias = Mapping[Literal["gte", "gt", "lte", "lt"], T]
"""At or after, after, at or before, before."""


@dataclass(frozen=True)
class CallOptions:
    """What a single call may say, beside its own arguments."""

    idempotency_key: str | None = None
    """Of a call that changes something. Default: a random one, the same over all tries. Give one of your own, such as the
    number of an order, where your process may ask again after it was restarted."""
    if_match: str | None = None
    """Of a call that changes settings or a webhook: the ``ETag`` that the change was made from."""
    request_id: str | None = None
    """Echoed by the server, and in its log."""
    timeout: float | None = None
    """Seconds for one try."""


class Policy:
    """How a client behaves. Its credential is in no text that it prints."""

    def __init__(
        self,
        base_url: str,
        credential: Mapping[str, str],
        *,
        timeout: float,
        max_retries: int,
        max_retry_after: float,
        user_agent: str | None,
    ) -> None:
        # A header that cannot be sent would be named, with its value, by the error of the HTTP library.
        if not all(re.fullmatch(r"[\x21-\x7e]+( [\x21-\x7e]+)?", value) for value in credential.values()):
            raise OutpayError("The credential is empty or has characters that none has.")
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self.max_retries = max_retries
        self.max_retry_after = max_retry_after
        agent = f"{user_agent} {_OWN_AGENT}" if user_agent else _OWN_AGENT
        self._headers = {**credential, "Accept": "application/json", "User-Agent": agent}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.base_url}>"

    def headers(self, options: CallOptions, key: str | None) -> dict[str, str]:
        given = {"Idempotency-Key": key, "If-Match": options.if_match, "X-Request-Id": options.request_id}
        return {**self._headers, **{name: value for name, value in given.items() if value is not None}}

    def pause(self, tries: int, failed: httpx.Response | None) -> float | None:
        """Seconds until a safe request is sent again, or None to give up. ``failed`` is None after a lost connection."""
        if tries >= self.max_retries or (failed is not None and failed.status_code not in _AGAIN):
            return None
        asked = (retry_after(failed.headers) if failed is not None else None) or 0.0
        if asked > self.max_retry_after:
            return None
        whole = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**tries)
        # Half of it by chance, so that clients that failed together do not come back together.
        return max(asked, whole / 2 + whole / 2 * random.random())  # noqa: S311


def key_of(options: CallOptions, *, takes_key: bool) -> str | None:
    """The key under which a request is sent, and sent again; None for one that has none."""
    if not takes_key:
        return None
    key = options.idempotency_key or str(uuid.uuid4())
    if not re.fullmatch(r"[\x20-\x7e]{1,255}", key):
        raise OutpayError("An idempotency key has 1 to 255 printable ASCII characters.")
    return key


def path_of(template: str, **names: str) -> str:
    """A path with its names filled in; a name cannot become a part of the path."""
    for value in names.values():
        if value in ("", ".", ".."):
            raise OutpayError("An id is missing.")
    return template.format(**{name: quote(value, safe="") for name, value in names.items()})


def query_of(query: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Values of a query; deep ones become ``name[key]=value``."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        deep = {f"{name}[{key}]": one for key, one in value.items()} if isinstance(value, Mapping) else {name: value}
        pairs.extend((key, str(one)) for key, one in deep.items() if one is not None)
    return tuple(pairs)


def answer_of(response: httpx.Response, key: str | None) -> Any:
    """The body of a success; anything else is raised as an error."""
    if not response.is_success:
        raise error_of(response.status_code, response.headers, response.content, key)
    try:
        return response.json()
    except ValueError:
        raise OutpayError("The server's answer is not JSON.") from None


def lost(cause: httpx.TransportError, key: str | None) -> ConnectionError:
    """The error of a request without an answer."""
    is_late = isinstance(cause, httpx.TimeoutException)
    sentence = "No answer in time." if is_late else "No answer: the connection failed."
    return ConnectionError(sentence, Refusal(idempotency_key=key))
