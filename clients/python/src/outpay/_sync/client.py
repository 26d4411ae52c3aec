"""A business's client, and a recipient's."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TypeVar, cast

import httpx

from .. import _schema as schema
from .._request import CallOptions, Policy, path_of
from .administration import (
    ApiKeys,
    Pauses,
    PaymentBatches,
    Proposals,
    Settings,
    TestClock,
)
from .door import Door
from .pages import List
from .resources import (
    AuditLog,
    Balance,
    Events,
    Payouts,
    Users,
    Withdrawals,
)
from .webhook_endpoints import Webhooks

Self = TypeVar("Self", bound="_Client")


class _Client:
    def __init__(self, policy: Policy, door: Door) -> None:
        self._policy = policy
        self._door = door

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._policy.base_url}>"

    def close(self) -> None:
        """Closes the connections, unless you gave the HTTP client."""
        self._door.close()

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Outpay(_Client):
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
        http_client: httpx.Client | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        policy = Policy(
            base_url,
            {"Authorization": f"Bearer {secret_key}"},
            timeout=timeout,
            max_retries=max_retries,
            max_retry_after=max_retry_after,
            user_agent=user_agent,
        )
        door = Door(policy, http_client, sleep)
        super().__init__(policy, door)
        self.payouts = Payouts(door)
        self.users = Users(door)
        self.withdrawals = Withdrawals(door)
        self.payment_batches = PaymentBatches(door)
        self.pauses = Pauses(door)
        self.proposals = Proposals(door)
        self.settings = Settings(door)
        self.test_clock = TestClock(door)
        self.api_keys = ApiKeys(door)
        self.events = Events(door)
        self.webhooks = Webhooks(door)
        self.balance = Balance(door)
        self.audit_log = AuditLog(door)


class OutpayRecipient(_Client):
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
        http_client: httpx.Client | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        policy = Policy(
            base_url,
            {"X-Payout-Hash": payout_hash},
            timeout=timeout,
            max_retries=max_retries,
            max_retry_after=max_retry_after,
            user_agent=user_agent,
        )
        super().__init__(policy, Door(policy, http_client, sleep))

    def operations(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions | None = None
    ) -> List[schema.Operation, schema.Statement]:
        """Balance and history: ``page()`` has both, a loop reads all operations."""
        return List(lambda at: self._door.get("/payout/operations", {"limit": limit, "cursor": at}, options), cursor)

    def operation(self, id: str, *, options: CallOptions | None = None) -> schema.OperationDetail:
        path = path_of("/payout/operations/{id}", id=id)
        return cast(schema.OperationDetail, self._door.get(path, {}, options))

    def methods(self, *, options: CallOptions | None = None) -> schema.Methods:
        """The ways out: fees, limits, and why one is closed."""
        return cast(schema.Methods, self._door.get("/payout/methods", {}, options))

    def quote(self, body: schema.WithdrawBody, *, options: CallOptions | None = None) -> schema.Quote:
        return cast(schema.Quote, self._door.change("/payout/quote", options, body))

    def withdraw(self, body: schema.WithdrawBody, *, options: CallOptions | None = None) -> schema.Operation:
        """Asks for a withdrawal; its money is held from now on."""
        return cast(schema.Operation, self._door.change("/payout/withdraw", options, body))

    def cancel(self, id: str, *, options: CallOptions | None = None) -> schema.OperationDetail:
        """Cancels a withdrawal of which nothing was sent yet."""
        path = path_of("/payout/operations/{id}/cancel", id=id)
        return cast(schema.OperationDetail, self._door.change(path, options))

    def reveal(self, id: str, *, options: CallOptions | None = None) -> schema.RevealedCard:
        """Shows the code of a delivered gift card. Every reveal is recorded."""
        path = path_of("/payout/operations/{id}/reveal", id=id)
        return cast(schema.RevealedCard, self._door.change(path, options))
