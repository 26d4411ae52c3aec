from __future__ import annotations

import asyncio
import pickle
import unittest
from typing import Any

import httpx
from answers import KEY, URL, Answering, answer, lost

import outpay
from outpay import CallOptions, Outpay, OutpayRecipient, WebhookVerifier

CASES: list[tuple[int, Any, type[outpay.OutpayError], str | None]] = [
    (401, {"error": "Unauthorized"}, outpay.AuthenticationError, "unauthorized"),
    (
        403,
        {"error": "s", "code": "insufficient_scope", "scope": "users:read"},
        outpay.InsufficientScopeError,
        "insufficient_scope",
    ),
    (400, {"email": ["The email field is required."]}, outpay.ValidationError, "invalid_request"),
    (400, {"error": "Malformed JSON body"}, outpay.ValidationError, None),
    (400, {"error": "s", "code": "unknown_field", "fields": {"amuont": ["s"]}}, outpay.ValidationError, "unknown_field"),
    (413, {"error": "s", "code": "payload_too_large"}, outpay.ValidationError, "payload_too_large"),
    (400, {"error": "Insufficient payout balance"}, outpay.RefusedError, "insufficient_payout_balance"),
    (403, {"error": "s", "code": "above_key_limit"}, outpay.RefusedError, "above_key_limit"),
    (404, {"error": "s", "code": "payout_user_not_found"}, outpay.NotFoundError, "payout_user_not_found"),
    (409, {"error": "s", "code": "withdrawal_state"}, outpay.ConflictError, "withdrawal_state"),
    (412, {"error": "s", "code": "precondition_failed"}, outpay.ConflictError, "precondition_failed"),
    (
        422,
        {"error": "s", "code": "reference_reused", "rows": [{"index": 3, "reference": ["s"]}]},
        outpay.ConflictError,
        "reference_reused",
    ),
    (429, {"error": "s", "code": "rate_limited"}, outpay.RateLimitedError, "rate_limited"),
    (503, {"error": "s", "code": "busy"}, outpay.UnavailableError, "busy"),
    (500, {"error": "Internal server error"}, outpay.UnavailableError, None),
    (504, {"error": "s", "code": "outcome_unknown"}, outpay.OutcomeUnknownError, "outcome_unknown"),
    (502, "<html>", outpay.OutcomeUnknownError, None),
    (307, {}, outpay.OutpayError, None),
]


class Calls(unittest.TestCase):
    def test_a_request_names_its_credential_its_agent_and_nothing_else(self) -> None:
        fake = Answering(answer(200, {"balance": 1, "payout_balance": 2}))
        fake.outpay.balance.get(options=CallOptions(request_id="mine"))
        [request] = fake.asked
        self.assertEqual((request.method, str(request.url)), ("GET", "http://localhost:1/balance"))
        self.assertEqual(request.headers["authorization"], f"Bearer {KEY}")
        self.assertEqual(request.headers["x-request-id"], "mine")
        self.assertRegex(request.headers["user-agent"], r"^shop/2 outpay-python/\d+\.\d+\.\d+ python/")

    def test_lists_follow_their_cursors_to_the_end(self) -> None:
        bodies = [
            {"data": [{"id": "usr_1"}, {"id": "usr_2"}], "has_more": True, "next_cursor": "c d"},
            {"data": [{"id": "usr_3"}], "has_more": False, "next_cursor": None},
        ]
        fake = Answering(*[answer(200, body) for body in [*bodies, *bodies]])
        found = fake.outpay.users.list(limit=2, metadata={"a&b": "x=y"}, created={"gte": "2026-01-02T03:04:05Z"})
        self.assertEqual([user["id"] for user in found], ["usr_1", "usr_2", "usr_3"])
        queries = [dict(request.url.params) for request in fake.asked]
        filters = {"limit": "2", "metadata[a&b]": "x=y", "created[gte]": "2026-01-02T03:04:05Z"}
        self.assertEqual(queries, [filters, {**filters, "cursor": "c d"}])

        async def all_of_them() -> list[str]:
            return [user["id"] async for user in fake.asynchronous.users.list(limit=2)]

        self.assertEqual(asyncio.run(all_of_them()), ["usr_1", "usr_2", "usr_3"])

    def test_a_list_reads_no_more_pages_than_it_needs(self) -> None:
        fake = Answering(answer(200, {"data": [{"id": "usr_1"}, {"id": "usr_2"}], "has_more": True, "next_cursor": "2"}))
        self.assertEqual(len(fake.outpay.users.list().all(2)), 2)
        self.assertEqual(len(fake.asked), 1)

    def test_a_list_that_goes_in_a_circle_ends_with_an_error(self) -> None:
        fake = Answering(*[answer(200, {"data": [], "has_more": True, "next_cursor": "1"}) for _ in range(2)])
        with self.assertRaises(outpay.OutpayError):
            fake.outpay.users.list().all()

    def test_events_go_on_by_their_cursor_alone(self) -> None:
        fake = Answering(
            answer(200, {"data": [{"sequence": 6}], "has_more": True, "next_cursor": "6"}),
            answer(200, {"data": [{"sequence": 7}], "has_more": False, "next_cursor": None}),
        )
        self.assertEqual(len(fake.outpay.events.list(after=5).all()), 2)
        self.assertEqual([request.url.query for request in fake.asked], [b"after=5", b"cursor=6"])

    def test_errors_are_of_their_kind(self) -> None:
        for status, body, kind, code in CASES:
            http = httpx.Client(transport=httpx.MockTransport(lambda _, s=status, b=body: answer(s, b)))
            client = Outpay(KEY, base_url=URL, http_client=http, max_retries=0)
            with self.assertRaises(outpay.OutpayError) as raised:
                client.payouts.create({"email": "a@example.com", "amount": 1})
            error = raised.exception
            self.assertEqual((type(error), error.code, error.status, error.request_id), (kind, code, status, "req_1"))
            if code == "reference_reused":
                assert isinstance(error, outpay.ConflictError)
                self.assertEqual(error.rows, [outpay.Row(3, {"reference": ["s"]})])
            if isinstance(error, outpay.OutcomeUnknownError):
                self.assertIn("-", error.idempotency_key or "")
            again = pickle.loads(pickle.dumps(error))  # noqa: S301
            self.assertEqual((type(again), again.code, str(again)), (kind, code, str(error)))

    def test_no_secret_is_printed(self) -> None:
        fake = Answering(lost(), answer(401, {"error": "Unauthorized"}))
        http = httpx.Client(transport=httpx.MockTransport(fake._answer))
        recipient = OutpayRecipient("gyrwhpig2gbf", base_url=URL, http_client=http, max_retries=0)
        things: list[object] = [
            fake.outpay,
            fake.outpay.payouts,
            recipient,
            recipient._policy,
            WebhookVerifier(tokens="wht_token"),
        ]
        for _ in range(2):
            with self.assertRaises(outpay.OutpayError) as raised:
                recipient.methods()
            things += [raised.exception, raised.exception._said]
        for thing in things:
            self.assertNotRegex(f"{thing!r} {thing}", "secret|gyrwhpig2gbf|wht_token")
        for credential in ("sk_test_secret\n", ""):
            with self.assertRaises(outpay.OutpayError) as raised:
                Outpay(credential, base_url=URL)
            self.assertNotRegex(repr(raised.exception), "secret")

    def test_an_id_cannot_become_another_path(self) -> None:
        fake = Answering(answer(200, {}))
        fake.outpay.users.get("../../balance?x=1#y")
        self.assertEqual(fake.asked[0].url.raw_path, b"/payout/users/..%2F..%2Fbalance%3Fx%3D1%23y")
        for id in ("", ".", ".."):
            with self.assertRaises(outpay.OutpayError):
                fake.outpay.users.get(id)


if __name__ == "__main__":
    unittest.main()
