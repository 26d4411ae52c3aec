"""The part of a business's client that sets webhooks and looks at their deliveries. Not here: verifying them (webhooks.py)."""

from __future__ import annotations

from typing import cast

from .. import _schema as schema
from .._request import CallOptions, path_of
from .door import Door
from .pages import List
from .resources import _Resource

TaggedWebhook = tuple[schema.Webhook, "str | None"]


class Webhooks(_Resource):
    """Where events are sent. Token and secret are in the answer that makes them, and in no later one."""

    def __init__(self, door: Door) -> None:
        super().__init__(door)
        self.primary = PrimaryWebhook(door)
        """The one of ``/payout/webhook``."""
        self.deliveries = Deliveries(door)

    def list(self, *, options: CallOptions | None = None) -> schema.WebhookList:
        return cast(schema.WebhookList, self._door.get("/payout/webhooks", {}, options))

    def create(self, body: schema.WebhookBody, *, options: CallOptions | None = None) -> schema.Webhook:
        return cast(schema.Webhook, self._door.change("/payout/webhooks", options, body))

    def get(self, id: str, *, options: CallOptions | None = None) -> TaggedWebhook:
        """The webhook, with the tag to change it under (``if_match``)."""
        webhook, tag = self._door.tagged("GET", path_of("/payout/webhooks/{id}", id=id), options)
        return cast(schema.Webhook, webhook), tag

    def update(self, id: str, body: schema.WebhookBody, *, options: CallOptions | None = None) -> TaggedWebhook:
        webhook, tag = self._door.tagged("PUT", path_of("/payout/webhooks/{id}", id=id), options, body)
        return cast(schema.Webhook, webhook), tag

    def roll(self, id: str, body: schema.RollBody | None = None, *, options: CallOptions | None = None) -> schema.Webhook:
        """A new token and secret; the old ones go on signing for ``overlap`` seconds."""
        path = path_of("/payout/webhooks/{id}/roll", id=id)
        return cast(schema.Webhook, self._door.change(path, options, body or {}))

    def switch(self, id: str, *, options: CallOptions | None = None) -> schema.Webhook:
        """Ends the overlap of a roll now."""
        path = path_of("/payout/webhooks/{id}/switch", id=id)
        return cast(schema.Webhook, self._door.once("POST", path, options))

    def test(self, id: str, body: schema.TestBody | None = None, *, options: CallOptions | None = None) -> schema.DeliveryDetail:
        """Sends an invented event now."""
        path = path_of("/payout/webhooks/{id}/test", id=id)
        return cast(schema.DeliveryDetail, self._door.change(path, options, body or {}))

    def delete(self, id: str, *, options: CallOptions | None = None) -> schema.WebhookDeleted:
        path = path_of("/payout/webhooks/{id}", id=id)
        return cast(schema.WebhookDeleted, self._door.once("DELETE", path, options))


class PrimaryWebhook(_Resource):
    def get(self, *, options: CallOptions | None = None) -> TaggedWebhook:
        webhook, tag = self._door.tagged("GET", "/payout/webhook", options)
        return cast(schema.Webhook, webhook), tag

    def set(self, body: schema.WebhookBody, *, options: CallOptions | None = None) -> TaggedWebhook:
        webhook, tag = self._door.tagged("PUT", "/payout/webhook", options, body)
        return cast(schema.Webhook, webhook), tag

    def roll(self, body: schema.RollBody | None = None, *, options: CallOptions | None = None) -> schema.Webhook:
        return cast(schema.Webhook, self._door.change("/payout/webhook/roll", options, body or {}))

    def switch(self, *, options: CallOptions | None = None) -> schema.Webhook:
        return cast(schema.Webhook, self._door.once("POST", "/payout/webhook/switch", options))

    def test(self, body: schema.TestBody | None = None, *, options: CallOptions | None = None) -> schema.DeliveryDetail:
        return cast(schema.DeliveryDetail, self._door.change("/payout/webhook/test", options, body or {}))


class Deliveries(_Resource):
    """What was sent, and what came back."""

    def list(
        self,
        *,
        status: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        options: CallOptions | None = None,
    ) -> List[schema.Delivery, schema.DeliveryPage]:
        query = {"status": status, "limit": limit}
        return List(lambda at: self._door.get("/payout/webhook/deliveries", {**query, "cursor": at}, options), cursor)

    def get(self, id: str, *, options: CallOptions | None = None) -> schema.DeliveryDetail:
        path = path_of("/payout/webhook/deliveries/{id}", id=id)
        return cast(schema.DeliveryDetail, self._door.get(path, {}, options))

    def retry(self, id: str, *, options: CallOptions | None = None) -> schema.Delivery:
        path = path_of("/payout/webhook/deliveries/{id}/retry", id=id)
        return cast(schema.Delivery, self._door.change(path, options))

    def replay(self, body: schema.ReplayBody, *, options: CallOptions | None = None) -> schema.Replayed:
        """Retries all deliveries that failed at that time or later."""
        return cast(schema.Replayed, self._door.change("/payout/webhook/replay", options, body))
