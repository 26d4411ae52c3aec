"""A fake transport that gives the answers it is told, and keeps what it was asked."""

from __future__ import annotations

import json
from typing import Any

import httpx

from outpay import AsyncOutpay, Outpay

KEY = "sk_test_secret"
URL = "http://localhost:1/"
BUSY = {"error": "Busy; nothing was changed. Try again.", "code": "busy"}

Answer = httpx.Response | Exception


def answer(status: int, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=json.dumps(body), headers={"x-request-id": "req_1", **named})


def busy(**headers: str) -> httpx.Response:
    return answer(503, BUSY, **headers)


def lost() -> Exception:
    return httpx.ReadError("connection reset")


class Answering:
    """Gives these answers in this order."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.waits: list[float] = []
        transport = httpx.MockTransport(self._answer)
        self.outpay = Outpay(
            KEY,
            base_url=URL,
            user_agent="shop/2",
            http_client=httpx.Client(transport=transport),
            sleep=self.waits.append,
        )
        self.asynchronous = AsyncOutpay(
            KEY,
            base_url=URL,
            http_client=httpx.AsyncClient(transport=transport),
            sleep=self._sleep,
        )

    @property
    def keys(self) -> list[str | None]:
        return [request.headers.get("idempotency-key") for request in self.asked]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
