"""A business's client, and a recipient's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar, cast

import httpx

from .. import _schema as schema
from .._request import CallOptions, Policy, path_of
from .administration import (
    AsyncApiKeys,
    AsyncPauses,
    AsyncPaymentBatches,
    AsyncProposals,
    AsyncSettings,
    AsyncTestClock,
)
from .door import AsyncDoor
from .pages import AsyncList
from .resources import (
    AsyncAuditLog,
    AsyncBalance,
    AsyncEvents,
    AsyncPayouts,
    AsyncUsers,
    AsyncWithdrawals,
)
from .webhook_endpoints import AsyncWebhooks

Self = TypeVar("Self", bound="_AsyncClient")


class _AsyncClient:
    def __init__(self, policy: Policy, door: AsyncDoor) -> None:
        self._policy = policy
        self._door = door

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._policy.base_url}>"

    async def close(self) -> None:
        """Closes the connections, unless you gave the HTTP client."""
        await self._door.close()

    async def __aenter__(self: Self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncOutpay(_AsyncClient):
    """A client with a secret key.

    ``timeout`` is in seconds and for one try; ``max_retry_after`` is the longest ``Retry-After`` that is waited for;
    ``http_client`` sends the requests, for example through a proxy.
    """

    def __init__(
        self,
        secret_key: str,
        *,
        base_url: str,
        timeout: float = 30.0,
        max_retries: int = 3,
        max_retry_after: float = 60.0,
        user_agent: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        policy = Policy(
            base_url,
            {"Authorization": f"Bearer {secret_key}"},
            timeout=timeout,
            max_retries=max_retries,
            max_retry_after=max_retry_after,
            user_agent=user_agent,
        )
        door = AsyncDoor(policy, http_client, sleep)
        super().__init__(policy, door)
        self.payouts = AsyncPayouts(door)
        self.users = AsyncUsers(door)
        self.withdrawals = AsyncWithdrawals(door)
        self.payment_batches = AsyncPaymentBatches(door)
        self.pauses = AsyncPauses(door)
        self.proposals = AsyncProposals(door)
        self.settings = AsyncSettings(door)
        self.test_clock = AsyncTestClock(door)
        self.api_keys = AsyncApiKeys(door)
        self.events = AsyncEvents(door)
        self.webhooks = AsyncWebhooks(door)
        self.balance = AsyncBalance(door)
        self.audit_log = AsyncAuditLog(door)


class AsyncOutpayRecipient(_AsyncClient):
    """A client with a payout hash; its options are those of a business's client."""

    def __init__(
        self,
        payout_hash: str,
        *,
        base_url: str,
        timeout: float = 30.0,
        max_retries: int = 3,
        max_retry_after: float = 60.0,
        user_agent: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        policy = Policy(
            base_url,
            {"X-Payout-Hash": payout_hash},
            timeout=timeout,
            max_retries=max_retries,
            max_retry_after=max_retry_after,
            user_agent=user_agent,
        )
        super().__init__(policy, AsyncDoor(policy, http_client, sleep))

    def operations(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions | None = None
    ) -> AsyncList[schema.Operation, schema.Statement]:
        """Balance and history: ``page()`` has both, a loop reads all operations."""
        return AsyncList(lambda at: self._door.get("/payout/operations", {"limit": limit, "cursor": at}, options), cursor)

    async def operation(self, id: str, *, options: CallOptions | None = None) -> schema.OperationDetail:
        path = path_of("/payout/operations/{id}", id=id)
        return cast(schema.OperationDetail, await self._door.get(path, {}, options))

    async def methods(self, *, options: CallOptions | None = None) -> schema.Methods:
        """The ways out: fees, limits, and why one is closed."""
        return cast(schema.Methods, await self._door.get("/payout/methods", {}, options))

    async def quote(self, body: schema.WithdrawBody, *, options: CallOptions | None = None) -> schema.Quote:
        return cast(schema.Quote, await self._door.change("/payout/quote", options, body))

    async def withdraw(self, body: schema.WithdrawBody, *, options: CallOptions | None = None) -> schema.Operation:
        """Asks for a withdrawal; its money is held from now on."""
        return cast(schema.Operation, await self._door.change("/payout/withdraw", options, body))

    async def cancel(self, id: str, *, options: CallOptions | None = None) -> schema.OperationDetail:
        """Cancels a withdrawal of which nothing was sent yet."""
        path = path_of("/payout/operations/{id}/cancel", id=id)
        return cast(schema.OperationDetail, await self._door.change(path, options))

    async def reveal(self, id: str, *, options: CallOptions | None = None) -> schema.RevealedCard:
        """Shows the code of a delivered gift card. Every reveal is recorded."""
        path = path_of("/payout/operations/{id}/reveal", id=id)
        return cast(schema.RevealedCard, await self._door.change(path, options))
