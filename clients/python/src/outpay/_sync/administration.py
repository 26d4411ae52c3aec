"""The parts of a business's client that set how payouts work: payment batches, pauses, proposals, settings, keys, test clock."""

from __future__ import annotations

from typing import cast

from .. import _schema as schema
from .._request import CallOptions, path_of
from .pages import List
from .resources import _Resource


class Pauses(_Resource):
    """Stops of payments."""

    def list(self, *, options: CallOptions | None = None) -> schema.Pauses:
        return cast(schema.Pauses, self._door.get("/payout/pauses", {}, options))

    def pause(self, body: schema.PauseBody, *, options: CallOptions | None = None) -> schema.PauseAnswer:
        """Stops all payments, those of a method, or those of a user."""
        return cast(schema.PauseAnswer, self._door.change("/payout/pause", options, body))

    def resume(self, body: schema.PauseBody, *, options: CallOptions | None = None) -> schema.ResumeAnswer:
        return cast(schema.ResumeAnswer, self._door.change("/payout/resume", options, body))


class Proposals(_Resource):
    """What takes two people. These calls are not sent again: they have no idempotency key."""

    def list(self, *, options: CallOptions | None = None) -> schema.Proposals:
        return cast(schema.Proposals, self._door.get("/payout/proposals", {}, options))

    def confirm(self, id: str, *, options: CallOptions | None = None) -> schema.Proposal:
        path = path_of("/payout/proposals/{id}/confirm", id=id)
        return cast(schema.Proposal, self._door.once("POST", path, options))

    def withdraw(self, id: str, *, options: CallOptions | None = None) -> schema.Proposal:
        path = path_of("/payout/proposals/{id}/withdraw", id=id)
        return cast(schema.Proposal, self._door.once("POST", path, options))


class PaymentBatches(_Resource):
    """Payments that people make by hand, in files. Calls about one batch are not sent again: they have no idempotency key."""

    def list(
        self,
        *,
        method: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> List[schema.PaymentBatch, schema.PaymentBatchPage]:
        query = {"method": method, "limit": limit}
        return List(lambda at: self._door.get("/payout/payment-batches", {**query, "cursor": at}, options), cursor)

    def create(self, body: schema.PaymentBatchBody, *, options: CallOptions | None = None) -> schema.PaymentBatch:
        """Of the payments that wait; the people cannot cancel them any more."""
        return cast(schema.PaymentBatch, self._door.change("/payout/payment-batches", options, body))

    def get(self, id: str, *, options: CallOptions | None = None) -> schema.PaymentBatch:
        path = path_of("/payout/payment-batches/{id}", id=id)
        return cast(schema.PaymentBatch, self._door.get(path, {}, options))

    def approve(self, id: str, *, options: CallOptions | None = None) -> schema.PaymentBatch | schema.Proposal:
        """A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/payment-batches/{id}/approve", id=id)
        return cast("schema.PaymentBatch | schema.Proposal", self._door.once("POST", path, options))

    def file(self, id: str, *, options: CallOptions | None = None) -> schema.PaymentBatchFile:
        """The same bytes each time; each time is counted."""
        path = path_of("/payout/payment-batches/{id}/file", id=id)
        return cast(schema.PaymentBatchFile, self._door.once("POST", path, options))

    def dissolve(
        self, id: str, body: schema.DissolveBatchBody, *, options: CallOptions | None = None
    ) -> schema.PaymentBatch | schema.Proposal:
        """Its file was not sent. A ``Proposal`` where it takes two people: nothing was done yet."""
        path = path_of("/payout/payment-batches/{id}/dissolve", id=id)
        return cast("schema.PaymentBatch | schema.Proposal", self._door.once("POST", path, options, body))

    def answer(self, body: schema.BatchAnswerBody, *, options: CallOptions | None = None) -> schema.PaymentBatchAnswer:
        """Takes every line of a bank's file, once however often it is brought."""
        path = "/payout/payment-batches/answers"
        return cast(schema.PaymentBatchAnswer, self._door.once("POST", path, options, body))


class Settings(_Resource):
    def get(self, *, options: CallOptions | None = None) -> tuple[schema.Settings, str | None]:
        """The settings, with the tag to change them under (``if_match``)."""
        settings, tag = self._door.tagged("GET", "/payout/settings", options)
        return cast(schema.Settings, settings), tag

    def update(
        self, body: schema.SettingsBody, *, options: CallOptions | None = None
    ) -> tuple[schema.Settings | schema.Proposal, str | None]:
        """Merges; None takes a limit away. A ``Proposal`` where it takes two people: nothing was done yet."""
        answer, tag = self._door.tagged("PUT", "/payout/settings", options, body)
        return cast("schema.Settings | schema.Proposal", answer), tag


class TestClock(_Resource):
    def get(self, *, options: CallOptions | None = None) -> schema.TestClock:
        return cast(schema.TestClock, self._door.get("/test/clock", {}, options))

    def advance(self, body: schema.AdvanceBody, *, options: CallOptions | None = None) -> schema.TestClock:
        """Moves the clock of test mode forward."""
        return cast(schema.TestClock, self._door.change("/test/clock", options, body))


class ApiKeys(_Resource):
    """API keys.

    ``create`` and ``roll`` show a key once, so they take no idempotency key and are never sent again; revoke a key whose
    answer was lost.
    """

    def list(self, *, options: CallOptions | None = None) -> schema.ApiKeys:
        return cast(schema.ApiKeys, self._door.get("/payout/keys", {}, options))

    def create(self, body: schema.NewKeyBody, *, options: CallOptions | None = None) -> schema.NewKey:
        return cast(schema.NewKey, self._door.once("POST", "/payout/keys", options, body))

    def roll(self, id: str, body: schema.RollKeyBody | None = None, *, options: CallOptions | None = None) -> schema.NewKey:
        path = path_of("/payout/keys/{id}/roll", id=id)
        return cast(schema.NewKey, self._door.once("POST", path, options, body or {}))

    def revoke(self, id: str, *, options: CallOptions | None = None) -> schema.ApiKey:
        path = path_of("/payout/keys/{id}/revoke", id=id)
        return cast(schema.ApiKey, self._door.once("POST", path, options))
