"""The parts of a business's client about money and people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from .. import _schema as schema
from .._request import Bounds, CallOptions, path_of
from .door import Door
from .pages import List


class _Resource:
    def __init__(self, door: Door) -> None:
        self._door = door


class Payouts(_Resource):
    """Paying people."""

    def create(self, body: schema.CreateBody, *, options: CallOptions | None = None) -> schema.Hash:
        """Creates a payout user, or adds funds to one. The hash is a secret: it gives access to the money."""
        return cast(schema.Hash, self._door.change("/payout/create", options, body))

    def create_batch(self, body: schema.BatchBody, *, options: CallOptions | None = None) -> schema.BatchAnswer:
        """Up to 10,000 payouts at once. A ``reference`` is paid at most once, ever."""
        return cast(schema.BatchAnswer, self._door.change("/payout/batch", options, body))


class Users(_Resource):
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
    ) -> List[schema.User, schema.UserPage]:
        """Users; all filters that are given must fit. ``created`` is RFC 3339, as in ``{"gte": "2026-01-02T00:00:00Z"}``."""
        query = {
            "email": email,
            "status": status,
            "reference": reference,
            "metadata": metadata,
            "created": created,
            "limit": limit,
        }
        return List(lambda at: self._door.get("/payout/users", {**query, "cursor": at}, options), cursor)

    def get(self, id: str, *, options: CallOptions | None = None) -> schema.User:
        return cast(schema.User, self._door.get(path_of("/payout/users/{id}", id=id), {}, options))

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
    ) -> List[schema.Operation, schema.OperationPage]:
        """A user's operations; all filters that are given must fit. ``amount`` is cents, without a sign."""
        path = path_of("/payout/users/{id}/operations", id=id)
        query = {"reference": reference, "metadata": metadata, "created": created, "amount": amount, "limit": limit}
        return List(lambda at: self._door.get(path, {**query, "cursor": at}, options), cursor)

    def activate(self, id: str, *, options: CallOptions | None = None) -> schema.User:
        path = path_of("/payout/users/{id}/activate", id=id)
        return cast(schema.User, self._door.change(path, options))

    def deactivate(self, id: str, *, options: CallOptions | None = None) -> schema.User:
        """The hash stops working; the money stays."""
        path = path_of("/payout/users/{id}/deactivate", id=id)
        return cast(schema.User, self._door.change(path, options))

    def rotate_hash(self, id: str, *, options: CallOptions | None = None) -> schema.Hash:
        """A new hash; the old one no longer works."""
        path = path_of("/payout/users/{id}/rotate-hash", id=id)
        return cast(schema.Hash, self._door.change(path, options))

    def debit(self, id: str, body: schema.DebitBody, *, options: CallOptions | None = None) -> schema.User | schema.Proposal:
        """Takes unspent money back. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/users/{id}/debit", id=id)
        return cast("schema.User | schema.Proposal", self._door.change(path, options, body))


class Withdrawals(_Resource):
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
    ) -> List[schema.Withdrawal, schema.WithdrawalPage]:
        query = {"status": status, "user": user, "method": method, "limit": limit}
        return List(lambda at: self._door.get("/payout/withdrawals", {**query, "cursor": at}, options), cursor)

    def get(self, id: str, *, options: CallOptions | None = None) -> schema.Withdrawal:
        path = path_of("/payout/withdrawals/{id}", id=id)
        return cast(schema.Withdrawal, self._door.get(path, {}, options))

    def set_metadata(self, id: str, metadata: Mapping[str, str], *, options: CallOptions | None = None) -> schema.Withdrawal:
        """Replaces all metadata."""
        path = path_of("/payout/withdrawals/{id}/metadata", id=id)
        body = {"metadata": dict(metadata)}
        return cast(schema.Withdrawal, self._door.once("PUT", path, options, body))

    def approve(self, id: str, *, options: CallOptions | None = None) -> schema.Withdrawal | schema.Proposal:
        """Lets one in review be sent. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/withdrawals/{id}/approve", id=id)
        return cast("schema.Withdrawal | schema.Proposal", self._door.change(path, options))

    def reject(self, id: str, body: schema.RejectBody, *, options: CallOptions | None = None) -> schema.Withdrawal:
        path = path_of("/payout/withdrawals/{id}/reject", id=id)
        return cast(schema.Withdrawal, self._door.change(path, options, body))

    def settle(
        self, id: str, body: schema.SettleBody, *, options: CallOptions | None = None
    ) -> schema.Withdrawal | schema.Proposal:
        """Says that a person paid it. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/withdrawals/{id}/settle", id=id)
        return cast("schema.Withdrawal | schema.Proposal", self._door.change(path, options, body))


class Events(_Resource):
    """Everything that happened, in a gap-free sequence."""

    def list(
        self,
        *,
        after: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> List[schema.Event, schema.EventPage]:
        """Oldest first; ``after`` is the sequence of the last event that you have."""
        # The API takes one of the two.
        return List(
            lambda at: self._door.get("/payout/events", {"after": None if at else after, "cursor": at, "limit": limit}, options),
            cursor,
        )


class Balance(_Resource):
    """The business's own money."""

    def get(self, *, options: CallOptions | None = None) -> schema.Balances:
        return cast(schema.Balances, self._door.get("/balance", {}, options))

    def transfer(self, body: schema.TransferBody, *, options: CallOptions | None = None) -> schema.Balances:
        return cast(schema.Balances, self._door.change("/balance/transfer", options, body))


class AuditLog(_Resource):
    """Who did what."""

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, options: CallOptions | None = None
    ) -> List[schema.AuditEntry, schema.AuditEntryPage]:
        return List(lambda at: self._door.get("/payout/audit-log", {"limit": limit, "cursor": at}, options), cursor)
