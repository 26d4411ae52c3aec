"""The parts of a business's client about money and people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from .. import _schema as schema
from .._request import Bounds, CallOptions, path_of
from .door import AsyncDoor
from .pages import AsyncList


class _AsyncResource:
    def __init__(self, door: AsyncDoor) -> None:
        self._door = door


class AsyncPayouts(_AsyncResource):
    """Paying people."""

    async def create(self, body: schema.CreateBody, *, options: CallOptions | None = None) -> schema.Hash:
        """Creates a payout user, or adds funds to one. The hash is a secret: it gives access to the money."""
        return cast(schema.Hash, await self._door.change("/payout/create", options, body))

    async def create_batch(self, body: schema.BatchBody, *, options: CallOptions | None = None) -> schema.BatchAnswer:
        """Up to 10,000 payouts at once. A ``reference`` is paid at most once, ever."""
        return cast(schema.BatchAnswer, await self._door.change("/payout/batch", options, body))


class AsyncUsers(_AsyncResource):
    """Payout users: the people who were paid."""

    def list(
        self,
        *,
        email: str | None = None,
        status: str | None = None,
        reference: str | None = None,
        metadata: Mapping[str, str] | None = None,
        created: Bounds[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> AsyncList[schema.User, schema.UserPage]:
        """Users; all filters that are given must fit. ``created`` is RFC 3339, as in ``{"gte": "2026-01-02T00:00:00Z"}``."""
        query = {
            "email": email,
            "status": status,
            "reference": reference,
            "metadata": metadata,
            "created": created,
            "limit": limit,
        }
        return AsyncList(lambda at: self._door.get("/payout/users", {**query, "cursor": at}, options), cursor)

    async def get(self, id: str, *, options: CallOptions | None = None) -> schema.User:
        return cast(schema.User, await self._door.get(path_of("/payout/users/{id}", id=id), {}, options))

    def operations(
        self,
        id: str,
        *,
        reference: str | None = None,
        metadata: Mapping[str, str] | None = None,
        created: Bounds[str] | None = None,
        amount: int | Bounds[int] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> AsyncList[schema.Operation, schema.OperationPage]:
        """A user's operations; all filters that are given must fit. ``amount`` is cents, without a sign."""
        path = path_of("/payout/users/{id}/operations", id=id)
        query = {"reference": reference, "metadata": metadata, "created": created, "amount": amount, "limit": limit}
        return AsyncList(lambda at: self._door.get(path, {**query, "cursor": at}, options), cursor)

    async def activate(self, id: str, *, options: CallOptions | None = None) -> schema.User:
        path = path_of("/payout/users/{id}/activate", id=id)
        return cast(schema.User, await self._door.change(path, options))

    async def deactivate(self, id: str, *, options: CallOptions | None = None) -> schema.User:
        """The hash stops working; the money stays."""
        path = path_of("/payout/users/{id}/deactivate", id=id)
        return cast(schema.User, await self._door.change(path, options))

    async def rotate_hash(self, id: str, *, options: CallOptions | None = None) -> schema.Hash:
        """A new hash; the old one no longer works."""
        path = path_of("/payout/users/{id}/rotate-hash", id=id)
        return cast(schema.Hash, await self._door.change(path, options))

    async def debit(
        self, id: str, body: schema.DebitBody, *, options: CallOptions | None = None
    ) -> schema.User | schema.Proposal:
        """Takes unspent money back. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/users/{id}/debit", id=id)
        return cast("schema.User | schema.Proposal", await self._door.change(path, options, body))


class AsyncWithdrawals(_AsyncResource):
    """Withdrawals of all users."""

    def list(
        self,
        *,
        status: str | None = None,
        user: str | None = None,
        method: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> AsyncList[schema.Withdrawal, schema.WithdrawalPage]:
        query = {"status": status, "user": user, "method": method, "limit": limit}
        return AsyncList(lambda at: self._door.get("/payout/withdrawals", {**query, "cursor": at}, options), cursor)

    async def get(self, id: str, *, options: CallOptions | None = None) -> schema.Withdrawal:
        path = path_of("/payout/withdrawals/{id}", id=id)
        return cast(schema.Withdrawal, await self._door.get(path, {}, options))

    async def set_metadata(
        self, id: str, metadata: Mapping[str, str], *, options: CallOptions | None = None
    ) -> schema.Withdrawal:
        """Replaces all metadata."""
        path = path_of("/payout/withdrawals/{id}/metadata", id=id)
        body = {"metadata": dict(metadata)}
        return cast(schema.Withdrawal, await self._door.once("PUT", path, options, body))

    async def approve(self, id: str, *, options: CallOptions | None = None) -> schema.Withdrawal | schema.Proposal:
        """Lets one in review be sent. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/withdrawals/{id}/approve", id=id)
        return cast("schema.Withdrawal | schema.Proposal", await self._door.change(path, options))

    async def reject(self, id: str, body: schema.RejectBody, *, options: CallOptions | None = None) -> schema.Withdrawal:
        path = path_of("/payout/withdrawals/{id}/reject", id=id)
        return cast(schema.Withdrawal, await self._door.change(path, options, body))

    async def settle(
        self, id: str, body: schema.SettleBody, *, options: CallOptions | None = None
    ) -> schema.Withdrawal | schema.Proposal:
        """Says that a person paid it. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/withdrawals/{id}/settle", id=id)
        return cast("schema.Withdrawal | schema.Proposal", await self._door.change(path, options, body))


class AsyncEvents(_AsyncResource):
    """Everything that happened, in a gap-free sequence."""

    def list(
        self,
        *,
        after: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> AsyncList[schema.Event, schema.EventPage]:
        """Oldest first; ``after`` is the sequence of the last event that you have."""
        # The API takes one of the two.
        return AsyncList(
            lambda at: self._door.get("/payout/events", {"after": None if at else after, "cursor": at, "limit": limit}, options),
            cursor,
        )


class AsyncBalance(_AsyncResource):
    """The business's own money."""

    async def get(self, *, options: CallOptions | None = None) -> schema.Balances:
        return cast(schema.Balances, await self._door.get("/balance", {}, options))

    async def transfer(self, body: schema.TransferBody, *, options: CallOptions | None = None) -> schema.Balances:
        return cast(schema.Balances, await self._door.change("/balance/transfer", options, body))


class AsyncAuditLog(_AsyncResource):
    """Who did what."""

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions | None = None
    ) -> AsyncList[schema.AuditEntry, schema.AuditEntryPage]:
        return AsyncList(lambda at: self._door.get("/payout/audit-log", {"limit": limit, "cursor": at}, options), cursor)
