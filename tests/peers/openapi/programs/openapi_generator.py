"""What a user of the client that openapi-generator makes for Python would write. The argument is the step to take."""

import os
import sys

import outpay

url, key = os.environ["OUTPAY_URL"], os.environ["OUTPAY_KEY"]
business = outpay.ApiClient(outpay.Configuration(host=url, access_token=key))
payouts, users = outpay.PayoutsApi(business), outpay.PayoutUsersApi(business)


def pay(name):
    return payouts.create_payout(outpay.CreateBody(email=f"{name}@example.com", amount=10_000)).hash


def create():
    assert len(pay("a")) == 52


def error():
    try:
        outpay.WithdrawalsApi(business).get_withdrawal("ord_unknown")
    except outpay.exceptions.NotFoundException as refused:
        assert refused.data.code == outpay.ErrorCode.WITHDRAWAL_NOT_FOUND, refused.data
    else:
        raise AssertionError("it is not found")


def pages():
    [pay(name) for name in "bcd"]
    seen, cursor = [], None
    while True:
        page = users.list_users(limit=2, cursor=cursor)
        seen += [user.id for user in page.data]
        if not page.has_more:
            break
        cursor = page.next_cursor
    assert len(seen) == len(set(seen)) >= 3, seen


def withdraw():
    own = outpay.Configuration(host=url, api_key={"payout_hash": pay("e")})
    body = outpay.WithdrawBody(method="sandbox", amount=2_500, destination={"account": "any text"})
    made = outpay.RecipientApi(outpay.ApiClient(own)).create_withdrawal(body)
    assert made.amount == -2_500 and made.type == outpay.OperationType.WITHDRAWAL, made


{"create": create, "error": error, "pages": pages, "withdraw": withdraw}[sys.argv[1]]()
print("ok")
