"""The parts of a business's client that set how payouts work: pauses, proposals, settings, keys, the clock of test mode."""

from __future__ import annotations

from typing import cast

from .. import _schema as schema
from .._request import CallOptions, path_of
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
