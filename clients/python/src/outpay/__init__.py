"""Client of the Outpay payout API."""

from . import _schema as schema
from ._async.client import AsyncOutpay, AsyncOutpayRecipient
from ._async.pages import AsyncList
from ._errors import (
    AuthenticationError,
    ConflictError,
    ConnectionError,
    InsufficientScopeError,
    NotFoundError,
    OutcomeUnknownError,
    OutpayError,
    RateLimitedError,
    RefusedError,
    Row,
    UnavailableError,
    ValidationError,
    WebhookVerificationError,
)
from ._request import CallOptions
from ._sync.client import Outpay, OutpayRecipient
from ._sync.pages import List
from ._version import VERSION as __version__
from .webhooks import BookEvent, PayoutEvent, WebhookEvent, WebhookVerifier, is_payout_event

__all__ = [
    "AsyncList",
    "AsyncOutpay",
    "AsyncOutpayRecipient",
    "AuthenticationError",
    "BookEvent",
    "CallOptions",
    "ConflictError",
    "ConnectionError",
    "InsufficientScopeError",
    "List",
    "NotFoundError",
    "OutcomeUnknownError",
    "Outpay",
    "OutpayError",
    "OutpayRecipient",
    "PayoutEvent",
    "RateLimitedError",
    "RefusedError",
    "Row",
    "UnavailableError",
    "ValidationError",
    "WebhookEvent",
    "WebhookVerificationError",
    "WebhookVerifier",
    "__version__",
    "is_payout_event",
    "schema",
]
