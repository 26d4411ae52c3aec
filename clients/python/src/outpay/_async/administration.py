"""The parts of a business's client that set how payouts work: payment batches, pauses, proposals, settings, keys, test clock."""

from __future__ import annotations

from typing import cast

from .. import _schema as schema
from .._request import CallOptions, path_of
from .pages import AsyncList
from .resources import _AsyncResource


class AsyncPauses(_AsyncResource):
    """Stops of payments."""

    async def list(self, *, options: CallOptions | None = None) -> schema.Pauses:
        return cast(schema.Pauses, await self._door.get("/payout/pauses", {}, options))

    async def pause(self, body: schema.PauseBody, *, options: CallOptions | None = None) -> schema.PauseAnswer:
        """Stops all payments, those of a method, or those of a user."""
        return cast(schema.PauseAnswer, await self._door.change("/payout/pause", options, body))

    async def resume(self, body: schema.PauseBody, *, options: CallOptions | None = None) -> schema.ResumeAnswer:
        return cast(schema.ResumeAnswer, await self._door.change("/payout/resume", options, body))


class AsyncProposals(_AsyncResource):
    """What takes two people. These calls are not sent again: they have no idempotency key."""

    async def list(self, *, options: CallOptions | None = None) -> schema.Proposals:
        return cast(schema.Proposals, await self._door.get("/payout/proposals", {}, options))

    async def confirm(self, id: str, *, options: CallOptions | None = None) -> schema.Proposal:
        path = path_of("/payout/proposals/{id}/confirm", id=id)
        return cast(schema.Proposal, await self._door.once("POST", path, options))

    async def withdraw(self, id: str, *, options: CallOptions | None = None) -> schema.Proposal:
        path = path_of("/payout/proposals/{id}/withdraw", id=id)
        return cast(schema.Proposal, await self._door.once("POST", path, options))


class AsyncPaymentBatches(_AsyncResource):
    """Payments that people make by hand, in files. Calls about one batch are not sent again: they have no idempotency key."""

    def list(
        self,
        *,
        method: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> AsyncList[schema.PaymentBatch, schema.PaymentBatchPage]:
        query = {"method": method, "limit": limit}
        return AsyncList(lambda at: self._door.get("/payout/payment-batches", {**query, "cursor": at}, options), cursor)

    async def create(self, body: schema.PaymentBatchBody, *, options: CallOptions | None = None) -> schema.PaymentBatch:
        """Of the payments that wait; the people cannot cancel them any more."""
        return cast(schema.PaymentBatch, await self._door.change("/payout/payment-batches", options, body))

    async def get(self, id: str, *, options: CallOptions | None = None) -> schema.PaymentBatch:
        path = path_of("/payout/payment-batches/{id}", id=id)
        return cast(schema.PaymentBatch, await self._door.get(path, {}, options))

    async def approve(self, id: str, *, options: CallOptions | None = None) -> schema.PaymentBatch | schema.Proposal:
        """A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/payment-batches/{id}/approve", id=id)
        return cast("schema.PaymentBatch | schema.Proposal", await self._door.once("POST", path, options))

    async def file(self, id: str, *, options: CallOptions | None = None) -> schema.PaymentBatchFile:
        """The same bytes each time; each time is counted."""
        path = path_of("/payout/payment-batches/{id}/file", id=id)
        return cast(schema.PaymentBatchFile, await self._door.once("POST", path, options))

    async def dissolve(
        self, id: str, body: schema.DissolveBatchBody, *, options: CallOptions | None = None
    ) -> schema.PaymentBatch | schema.Proposal:
        """Its file was not sent. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/payment-batches/{id}/dissolve", id=id)
        return cast("schema.PaymentBatch | schema.Proposal", await self._door.once("POST", path, options, body))

    async def answer(self, body: schema.BatchAnswerBody, *, options: CallOptions | None = None) -> schema.PaymentBatchAnswer:
        """Takes every line of a bank's file, once however often it is brought."""
        path = "/payout/payment-batches/answers"
        return cast(schema.PaymentBatchAnswer, await self._door.once("POST", path, options, body))


class AsyncSettings(_AsyncResource):
    async def get(self, *, options: CallOptions | None = None) -> tuple[schema.Settings, str | None]:
        """The settings, with the tag to change them under (``if_match``)."""
        settings, tag = await self._door.tagged("GET", "/payout/settings", options)
        return cast(schema.Settings, settings), tag

    async def update(
        self, body: schema.SettingsBody, *, options: CallOptions | None = None
    ) -> tuple[schema.Settings | schema.Proposal, str | None]:
        """Merges; None takes a limit away. A ``Proposal`` where it takes two people: nothing was done yet."""
        answer, tag = await self._door.tagged("PUT", "/payout/settings", options, body)
        return cast("schema.Settings | schema.Proposal", answer), tag


class AsyncTestClock(_AsyncResource):
    async def get(self, *, options: CallOptions | None = None) -> schema.TestClock:
        return cast(schema.TestClock, await self._door.get("/test/clock", {}, options))

    async def advance(self, body: schema.AdvanceBody, *, options: CallOptions | None = None) -> schema.TestClock:
        """Moves the clock of test mode forward."""
        return cast(schema.TestClock, await self._door.change("/test/clock", options, body))


class AsyncApiKeys(_AsyncResource):
    """API keys.

    ``create`` and ``roll`` show a key once, so they take no idempotency key and are never sent again; revoke a key whose
    answer was lost.
    """

    async def list(self, *, options: CallOptions | None = None) -> schema.ApiKeys:
        return cast(schema.ApiKeys, await self._door.get("/payout/keys", {}, options))

    async def create(self, body: schema.NewKeyBody, *, options: CallOptions | None = None) -> schema.NewKey:
        return cast(schema.NewKey, await self._door.once("POST", "/payout/keys", options, body))

    async def roll(self, id: str, body: schema.RollKeyBody | None = None, *, options: CallOptions | None = None) -> schema.NewKey:
        path = path_of("/payout/keys/{id}/roll", id=id)
        return cast(schema.NewKey, await self._door.once("POST", path, options, body or {}))

    async def revoke(self, id: str, *, options: CallOptions | None = None) -> schema.ApiKey:
        path = path_of("/payout/keys/{id}/revoke", id=id)
        return cast(schema.ApiKey, await self._door.once("POST", path, options))
