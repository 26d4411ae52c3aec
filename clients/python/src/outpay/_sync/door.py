"""The one place from which requests leave: retries, errors. Not here: the operations."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from .._errors import OutpayError
from .._request import CallOptions, Policy, answer_of, key_of, lost, query_of

_NONE = CallOptions()


class Door:
    def __init__(
        self,
        policy: Policy,
        http: httpx.Client | None,
        sleep: Callable[[float], None] | None,
    ) -> None:
        self._policy = policy
        self._http = http or httpx.Client(timeout=policy.timeout)
        self._owns_http = http is None
        self._sleep = sleep or time.sleep

    def get(self, path: str, query: Mapping[str, Any], options: CallOptions | None) -> Any:
        """A GET, which may be sent again."""
        return answer_of(self._send("GET", path, query=query_of(query), options=options), None)

    def tagged(self, method: str, path: str, options: CallOptions | None, body: object = None) -> tuple[Any, str | None]:
        """A GET or PUT, with the ``ETag`` of the answer."""
        response = self._send(method, path, body=body, options=options)
        return answer_of(response, None), response.headers.get("etag")

    def once(self, method: str, path: str, options: CallOptions | None, body: object = None) -> Any:
        """A request that is never sent again, because it has no key."""
        if options is not None and options.idempotency_key is not None:
            raise OutpayError("This call takes no idempotency key.")
        return answer_of(self._send(method, path, body=body, options=options), None)

    def change(self, path: str, options: CallOptions | None, body: object = None) -> Any:
        """A POST under a key, which may be sent again."""
        key = key_of(options or _NONE, takes_key=True)
        return answer_of(self._send("POST", path, body=body, options=options, key=key), key)

    def close(self) -> None:
        if self._owns_http:
            self._http.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: tuple[tuple[str, str], ...] | None = None,
        body: object = None,
        options: CallOptions | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        policy = self._policy
        options = options or _NONE
        headers = policy.headers(options, key)
        url = policy.base_url + path
        timeout = policy.timeout if options.timeout is None else options.timeout
        is_safe = method == "GET" or key is not None
        tries = 0
        while True:
            try:
                response = self._http.request(
                    method,
                    url,
                    params=query or None,
                    json=body,
                    headers=headers,
                    timeout=timeout,
                    # One would take the credential to another server.
                    follow_redirects=False,
                )
                wait = policy.pause(tries, response) if is_safe else None
                if response.is_success or wait is None:
                    return response
            except httpx.TransportError as cause:
                wait = policy.pause(tries, None) if is_safe else None
                if wait is None:
                    raise lost(cause, key) from cause
            self._sleep(wait)
            tries += 1
