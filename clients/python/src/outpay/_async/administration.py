"""The parts of a business's client that set how payouts work: pauses, proposals, settings, keys, the clock of test mode."""

from __future__ import annotations

from typing import cast

from .. import _schema as schema
from .._request import CallOptions, path_of
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
