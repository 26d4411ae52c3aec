"""Against a running server: OUTPAY_URL names it, OUTPAY_KEY is a test key of a business that can pay 100,000.00 and has paid no
one of the addresses below. The product's own tests start it, on both engines."""

from __future__ import annotations

import asyncio
import os
import queue
import re
import subprocess
import sys
import threading
import time
import unittest
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx

import outpay
from outpay import AsyncOutpay, AsyncOutpayRecipient, CallOptions, Outpay, OutpayRecipient, WebhookVerifier, schema

URL = os.environ["OUTPAY_URL"]
KEY = os.environ["OUTPAY_KEY"]
NO_USER = "usr_00000000-0000-8000-8000-000000000000"
SANDBOX: schema.WithdrawBody = {"method": "sandbox", "amount": 2_500, "destination": {"account": "1"}}

E = TypeVar("E", bound=outpay.OutpayError)


def business(key: str = KEY, **options: Any) -> Outpay:
    made = Outpay(key, **{"base_url": URL, **options})
    unittest.addModuleCleanup(made.close)
    return made


def recipient_of(payout_hash: str) -> OutpayRecipient:
    made = OutpayRecipient(payout_hash, base_url=URL)
    unittest.addModuleCleanup(made.close)
    return made


client = business()


def payee(email: str, amount: int = 10_000) -> OutpayRecipient:
    return recipient_of(client.payouts.create({"email": email, "amount": amount})["hash"])


def ended(recipient: OutpayRecipient, id: str) -> str:
    while True:
        status = recipient.operation(id)["status"]
        if status not in ("created", "queued", "processing"):
            return status
        time.sleep(0.05)


def fails(kind: type[E], call: Callable[[], Any]) -> E:
    """The error of a call that must fail."""
    try:
        value = call()
    except kind as error:
        assert error.request_id and error.request_id.startswith("req_"), error.request_id
        return error
    raise AssertionError(f"no error: {value}")


def arrived(received: queue.Queue[tuple[bytes, dict[str, str]]], word: str) -> tuple[bytes, dict[str, str]]:
    """The first webhook that has this word in its body; withdrawals of other tests may still be on their way."""
    while True:
        one = received.get(timeout=30)
        if word.encode() in one[0]:
            return one


class Losing(httpx.HTTPTransport):
    """Lets the first request through and loses its answer."""

    asked = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        self.asked += 1
        if self.asked == 1:
            response.read()
            raise httpx.ReadError("connection reset")
        return response


class Server(unittest.TestCase):
    def test_a_payout_is_made_once_however_often_it_is_asked_for_under_one_key(self) -> None:
        body: schema.CreateBody = {
            "email": "py-once@example.com",
            "amount": 10_000,
            "memo": "October",
            "metadata": {"order": "7"},
        }
        under = CallOptions(idempotency_key="python-order-7")
        first = client.payouts.create(body, options=under)
        self.assertEqual(client.payouts.create(body, options=under), first)
        statement = recipient_of(first["hash"]).operations().page()
        self.assertEqual((statement["email"], statement["balance"]), (body["email"], 10_000))

    def test_an_answer_that_is_lost_is_asked_for_again_and_pays_once(self) -> None:
        transport = Losing()
        with httpx.Client(transport=transport) as http:
            unlucky = business(http_client=http)
            paid = unlucky.payouts.create({"email": "py-lost@example.com", "amount": 700})
        self.assertEqual(transport.asked, 2)
        self.assertEqual(recipient_of(paid["hash"]).operations().page()["balance"], 700)

    def test_batches_and_lists_over_all_pages(self) -> None:
        payouts: list[schema.BatchRow] = [
            {"email": f"py{row}@example.com", "amount": row * 100, "reference": f"py-{row}", "metadata": {"batch": "py"}}
            for row in range(1, 6)
        ]
        paid = client.payouts.create_batch({"payouts": payouts})
        self.assertEqual(paid["total"], 1_500)
        self.assertEqual(client.payouts.create_batch({"payouts": payouts})["data"], paid["data"])
        users = client.users.list(limit=2, metadata={"batch": "py"}).all()
        self.assertEqual(sorted(user["email"] for user in users), [payout["email"] for payout in payouts])
        [found] = client.users.list(reference="py-3")
        self.assertEqual(found["email"], "py3@example.com")
        operations = client.users.operations(found["id"], amount={"gte": 300}).all()
        self.assertEqual([(one["amount"], one.get("reference")) for one in operations], [(300, "py-3")])
        sequences = [event["sequence"] for event in client.events.list(limit=3)]
        self.assertEqual(sequences, list(range(1, len(sequences) + 1)))

    def test_a_recipient_withdraws_by_the_sandbox(self) -> None:
        recipient = payee("py-withdraws@example.com")
        self.assertIn("sandbox", [method["method"] for method in recipient.methods()["data"]])
        self.assertEqual(recipient.quote(SANDBOX)["amount"], 2_500)
        under = CallOptions(idempotency_key="first")
        asked = recipient.withdraw(SANDBOX, options=under)
        self.assertEqual(recipient.withdraw(SANDBOX, options=under)["id"], asked["id"])
        self.assertEqual(ended(recipient, asked["id"]), "succeeded")
        statement = recipient.operations().page()
        self.assertEqual((statement["balance"], statement["data"][0]["amount"]), (7_500, -2_500))
        self.assertEqual(client.withdrawals.get(asked["id"])["status"], "succeeded")
        refused = recipient.withdraw({**SANDBOX, "amount": 2_511})
        self.assertEqual(ended(recipient, refused["id"]), "failed")

    def test_the_async_client_pays_lists_and_withdraws(self) -> None:
        async def way() -> tuple[int, int]:
            async with AsyncOutpay(KEY, base_url=URL) as business:
                paid = await business.payouts.create({"email": "py-async@example.com", "amount": 5_000})
                users = [user async for user in business.users.list(limit=1)]
                with self.assertRaises(outpay.NotFoundError):
                    await business.users.get(NO_USER)
            async with AsyncOutpayRecipient(paid["hash"], base_url=URL) as recipient:
                await recipient.withdraw(SANDBOX)
                statement = await recipient.operations().page()
            return len(users), statement["balance"]

        count, balance = asyncio.run(way())
        self.assertGreaterEqual(count, 1)
        self.assertEqual(balance, 2_500)

    def test_users_are_deactivated_activated_given_a_new_hash_and_debited(self) -> None:
        paid = client.payouts.create({"email": "py-changes@example.com", "amount": 500})
        [user] = client.users.list(email="py-changes@example.com")
        old = recipient_of(paid["hash"])
        self.assertEqual(client.users.deactivate(user["id"])["status"], "inactive")
        fails(outpay.AuthenticationError, old.methods)
        self.assertEqual(client.users.activate(user["id"])["status"], "active")
        rotated = client.users.rotate_hash(user["id"])
        fails(outpay.AuthenticationError, old.methods)
        client.users.debit(user["id"], {"amount": 200, "reason": "too much"})
        self.assertEqual(recipient_of(rotated["hash"]).operations().page()["balance"], 300)

    def test_settings_are_changed_under_their_tag(self) -> None:
        _, tag = client.settings.get()
        under = CallOptions(if_match=tag)
        _, changed = client.settings.update({"expiry_days": 90}, options=under)
        self.assertNotEqual(changed, tag)
        late = fails(outpay.ConflictError, lambda: client.settings.update({"expiry_days": 91}, options=under))
        self.assertEqual(late.code, "precondition_failed")

    def test_each_kind_of_error_about_credentials_and_fields(self) -> None:
        wrong = business("sk_test_wrong")
        self.assertEqual(fails(outpay.AuthenticationError, wrong.balance.get).status, 401)
        narrow = client.api_keys.create({"name": "narrow", "scopes": ["users:read"]})
        narrowed = business(narrow["key"])
        self.assertEqual(fails(outpay.InsufficientScopeError, narrowed.balance.get).scope, "balances:read")
        invalid = fails(outpay.ValidationError, lambda: client.payouts.create({"email": "no", "amount": 0}))
        self.assertEqual(sorted(invalid.fields), ["amount", "email"])
        misspelt: Any = {"to": "balance", "from": "payout_balance", "amuont": 1}
        self.assertIn("amuont", fails(outpay.ValidationError, lambda: client.balance.transfer(misspelt)).fields)
        rows: list[schema.BatchRow] = [{"email": "row@example.com", "amount": 1}, {"email": "", "amount": 1}]
        invalid = fails(outpay.ValidationError, lambda: client.payouts.create_batch({"payouts": rows}))
        self.assertEqual([(row.index, list(row.fields)) for row in invalid.rows], [(1, ["email"])])

    def test_each_kind_of_error_about_what_is_there(self) -> None:
        much: schema.CreateBody = {"email": "much@example.com", "amount": 100_000_000}
        self.assertEqual(fails(outpay.RefusedError, lambda: client.payouts.create(much)).code, "insufficient_payout_balance")
        self.assertEqual(fails(outpay.NotFoundError, lambda: client.users.get(NO_USER)).code, "payout_user_not_found")
        under = CallOptions(idempotency_key="python-conflict")
        client.payouts.create({"email": "py-conflict@example.com", "amount": 1}, options=under)
        other: schema.CreateBody = {"email": "py-conflict@example.com", "amount": 2}
        reused = fails(outpay.ConflictError, lambda: client.payouts.create(other, options=under))
        self.assertEqual(reused.code, "idempotency_key_reused")
        row: schema.BatchRow = {"email": "py-row@example.com", "amount": 1, "reference": "py-row"}
        client.payouts.create_batch({"payouts": [row]})
        reused = fails(outpay.ConflictError, lambda: client.payouts.create_batch({"payouts": [{**row, "amount": 2}]}))
        self.assertEqual([one.index for one in reused.rows], [0])
        nowhere = business(base_url="http://127.0.0.1:1", max_retries=0)
        with self.assertRaises(outpay.ConnectionError):
            nowhere.balance.get()

    def test_too_many_looks_at_a_gift_card(self) -> None:
        recipient = payee("py-card@example.com")
        asked = recipient.withdraw({"method": "gift_card", "amount": 2_500, "destination": {"brand": "Bookshop"}})
        self.assertEqual(ended(recipient, asked["id"]), "succeeded")
        for _ in range(10):
            self.assertRegex(recipient.reveal(asked["id"])["code"], "^TEST-")
        error = fails(outpay.RateLimitedError, lambda: recipient.reveal(asked["id"]))
        self.assertEqual((error.code, error.retry_after), ("rate_limited", 3_600))

    def test_webhooks_are_received_and_verified_also_during_a_roll(self) -> None:
        received: queue.Queue[tuple[bytes, dict[str, str]]] = queue.Queue()

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.put((self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            events: Any = ["payout.succeeded", "payout_user.deactivated"]
            made = client.webhooks.create({"url": f"http://127.0.0.1:{server.server_port}/hook", "events": events})
            id = made["id"]
            assert id is not None
            asked = payee("py-hooked@example.com").withdraw(SANDBOX)
            first = arrived(received, asked["id"])
            rolled = client.webhooks.roll(id, {"overlap": 3_600})
            client.users.deactivate(client.users.list(email="py-hooked@example.com").all()[0]["id"])
            second = arrived(received, "payout_user.deactivated")
            for keys in ({"secrets": [made["secret"], rolled["secret"]]}, {"secrets": made["secret"]}, {"tokens": made["token"]}):
                paid, off = [WebhookVerifier(**keys).verify(*one) for one in (first, second)]
                assert outpay.is_payout_event(paid) and not outpay.is_payout_event(off)
                self.assertEqual((paid["type"], paid["order_id"], paid["amount"]), ("payout.succeeded", asked["id"], 2_500))
                self.assertEqual(off["type"], "payout_user.deactivated")
            new_only = WebhookVerifier(secrets=rolled["secret"])
            self.assertTrue(new_only.verify(*second))
            with self.assertRaises(outpay.WebhookVerificationError):
                new_only.verify(*first)
            # The answer of the receiver is recorded after it was given.
            while len(client.webhooks.deliveries.list(status="delivered").all()) < 2:
                time.sleep(0.05)
            client.webhooks.delete(id)
            server.shutdown()

    def test_the_quick_start_of_the_readme(self) -> None:
        readme = Path(__file__).parents[2].joinpath("README.md").read_text()
        found = re.search(r"## Quick start\n```python\n(.*?)```", readme, re.DOTALL)
        assert found
        ran = subprocess.run([sys.executable, "-c", found[1]], capture_output=True, text=True, timeout=60)  # noqa: S603
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertRegex(ran.stdout, r"^ord_\S+ queued\n")
        self.assertRegex(ran.stdout, r"\nuser@example\.com \d+\n")
        self.assertRegex(ran.stdout, r"\ninsufficient_payout_balance req_\S+\n$")


if __name__ == "__main__":
    unittest.main()
