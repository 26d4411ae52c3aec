"""What a user of the client that openapi-python-client makes would write. The argument is the step to take."""

import os
import sys

from outpay_client.api.payout_users import list_users
from outpay_client.api.payouts import create_payout
from outpay_client.api.recipient import create_withdrawal
from outpay_client.api.withdrawals import get_withdrawal
from outpay_client.client import AuthenticatedClient
from outpay_client.models import CreateBody, CreateErrors, Error, ErrorCode, Hash, Operation, OperationType, UserPage
from outpay_client.models import WithdrawBody, WithdrawBodyDestination
from outpay_client.types import UNSET

url, key = os.environ["OUTPAY_URL"], os.environ["OUTPAY_KEY"]
business = AuthenticatedClient(base_url=url, token=key)


def pay(name):
    body = CreateBody(email=f"{name}@example.com", amount=10_000)
    # A repeat under one key pays once.
    first, again = (create_payout.sync(client=business, body=body, idempotency_key=f"python-{name}") for _ in range(2))
    assert isinstance(first, Hash) and first == again, (first, again)
    return first.hash_


def create():
    assert len(pay("a")) == 52


def error():
    wrong = create_payout.sync(client=business, body=CreateBody(email="no address", amount=0))
    assert isinstance(wrong, CreateErrors), wrong
    assert wrong.email == ["The email must be a valid email address."], wrong
    unknown = get_withdrawal.sync(client=business, id="ord_unknown")
    assert isinstance(unknown, Error) and unknown.code == ErrorCode.WITHDRAWAL_NOT_FOUND, unknown


def pages():
    [pay(name) for name in "bcd"]
    seen, cursor = [], UNSET
    while True:
        page = list_users.sync(client=business, limit=2, cursor=cursor)
        assert isinstance(page, UserPage), page
        seen += [user.id for user in page.data]
        if not page.has_more:
            break
        cursor = page.next_cursor
    assert len(seen) == len(set(seen)) >= 3, seen


def withdraw():
    recipient = AuthenticatedClient(base_url=url, token=pay("e"), prefix="", auth_header_name="X-Payout-Hash")
    destination = WithdrawBodyDestination.from_dict({"account": "any text"})
    body = WithdrawBody(method="sandbox", amount=2_500, destination=destination)
    made = create_withdrawal.sync(client=recipient, body=body)
    assert isinstance(made, Operation) and made.amount == -2_500 and made.type_ == OperationType.WITHDRAWAL, made


{"create": create, "error": error, "pages": pages, "withdraw": withdraw}[sys.argv[1]]()
print("ok")
