from __future__ import annotations

import asyncio
import re
import unittest
from collections.abc import Callable
from typing import Any

from answers import Answering, answer, busy, lost

import outpay
from outpay import CallOptions, Outpay, schema

PAYOUT: schema.CreateBody = {"email": "user@example.com", "amount": 10_000}


class Retry(unittest.TestCase):
    def test_a_post_is_sent_again_under_the_same_key_with_the_same_body(self) -> None:
        fake = Answering(lost(), busy(), answer(500, {"error": "Internal server error"}), answer(201, {"hash": "h"}))
        self.assertEqual(fake.outpay.payouts.create(PAYOUT), {"hash": "h"})
        self.assertEqual((len(fake.asked), len(set(fake.keys))), (4, 1))
        self.assertRegex(fake.keys[0] or "", "^[0-9a-f-]{36}$")
        self.assertEqual(len({request.content for request in fake.asked}), 1)

    def test_the_async_client_does_the_same(self) -> None:
        fake = Answering(lost(), busy(retry_after="7"), answer(201, {"hash": "h"}))
        self.assertEqual(asyncio.run(fake.asynchronous.payouts.create(PAYOUT)), {"hash": "h"})
        self.assertEqual((len(fake.asked), len(set(fake.keys)), fake.waits[1]), (3, 1, 7.0))

    def test_two_calls_have_two_keys_and_a_given_key_is_taken(self) -> None:
        fake = Answering(*[answer(201, {"hash": "h"}) for _ in range(3)])
        fake.outpay.payouts.create(PAYOUT)
        fake.outpay.payouts.create(PAYOUT)
        fake.outpay.payouts.create(PAYOUT, options=CallOptions(idempotency_key="order 7"))
        self.assertNotEqual(fake.keys[0], fake.keys[1])
        self.assertEqual(fake.keys[2], "order 7")

    def test_it_gives_up_after_the_retries_with_the_last_answer(self) -> None:
        fake = Answering(busy(), busy(), busy(), busy())
        with self.assertRaises(outpay.UnavailableError) as raised:
            fake.outpay.balance.get()
        error = raised.exception
        self.assertEqual((error.status, error.code, error.request_id), (503, "busy", "req_1"))
        self.assertEqual(len(fake.asked), 4)

    def test_a_lost_connection_says_under_which_key_to_ask_again(self) -> None:
        fake = Answering(lost(), lost(), lost(), lost())
        with self.assertRaises(outpay.ConnectionError) as raised:
            fake.outpay.payouts.create(PAYOUT, options=CallOptions(idempotency_key="order-7"))
        self.assertIsInstance(raised.exception, outpay.OutcomeUnknownError)
        self.assertEqual(raised.exception.idempotency_key, "order-7")

    def test_retry_after_is_waited_for_and_pauses_grow(self) -> None:
        fake = Answering(busy(retry_after="7"), busy(), busy(), answer(200, {"balance": 1}))
        fake.outpay.balance.get()
        first, second, third = fake.waits
        self.assertEqual(first, 7)
        self.assertTrue(0.5 <= second <= 1 <= third <= 2, fake.waits)

    def test_a_retry_after_that_is_too_long_is_given_to_the_caller_at_once(self) -> None:
        body = {"error": "Too many requests", "code": "rate_limited"}
        fake = Answering(answer(429, body, retry_after="3600"))
        with self.assertRaises(outpay.RateLimitedError) as raised:
            fake.outpay.balance.get()
        self.assertEqual((raised.exception.retry_after, len(fake.asked)), (3600, 1))

    def test_what_has_no_key_is_sent_once(self) -> None:
        calls: list[Callable[[Outpay], Any]] = [
            lambda client: client.api_keys.create({"name": "till"}),
            lambda client: client.api_keys.roll("key_1"),
            lambda client: client.settings.update({}),
            lambda client: client.webhooks.delete("whe_1"),
        ]
        for call in calls:
            fake = Answering(busy())
            with self.assertRaises(outpay.UnavailableError):
                call(fake.outpay)
            self.assertEqual(fake.keys, [None])
        fake = Answering()
        with self.assertRaisesRegex(outpay.OutpayError, "takes no idempotency key"):
            fake.outpay.api_keys.create({"name": "till"}, options=CallOptions(idempotency_key="1"))

    def test_a_refusal_is_not_sent_again(self) -> None:
        for status in (400, 401, 403, 404, 409, 422):
            fake = Answering(answer(status, {"error": "No", "code": "no"}))
            with self.assertRaises(outpay.OutpayError):
                fake.outpay.payouts.create(PAYOUT)
            self.assertEqual(len(fake.asked), 1)

    def test_a_key_that_cannot_be_sent_is_refused(self) -> None:
        for key in ("a\nb", "ü", "x" * 256):
            with self.assertRaises(outpay.OutpayError) as raised:
                Answering().outpay.payouts.create(PAYOUT, options=CallOptions(idempotency_key=key))
            self.assertNotRegex(str(raised.exception), re.escape(key))


if __name__ == "__main__":
    unittest.main()
