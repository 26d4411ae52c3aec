"""Receives Outpay's webhooks: verifies the signature, answers 200 at once, handles each event once. Python's standard library only.

    OUTPAY_WEBHOOK_SECRET=whsec_… python3 examples/receive_webhook.py 3000

The secret is the one that `PUT /payout/webhook` or `outpay webhook set` showed. docs/WEBHOOKS.md has the rules.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Older requests are refused, so that a recorded one cannot be sent again later.
TOLERANCE = 300
LARGEST_BODY = 1024 * 1024

SECRET = base64.b64decode(os.environ["OUTPAY_WEBHOOK_SECRET"].removeprefix("whsec_"))

# A delivery can arrive more than once. In production this is a table with a unique key, written in the same transaction as the effect.
handled = set()


def is_authentic(headers, body: bytes) -> bool:
    """Standard Webhooks 1.0: HMAC-SHA256 of `id.timestamp.body`. During a roll the header holds two signatures."""
    webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected, signature) for signature in signatures)


def handle(event: dict) -> None:
    if event["type"] == "payout.succeeded":
        print(f"{event['order_id']}: {event['recipient']['email']} was paid {event['amount']} cents by {event['provider']}", flush=True)
    else:
        print(f"{event['order_id']}: {event['type']}", flush=True)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, LARGEST_BODY))
        if not is_authentic(self.headers, body):
            return self.answer(400)
        event = json.loads(body)
        key = (event["order_id"], event["type"])
        # 200 also for a repeat: any other status makes Outpay try again.
        self.answer(200)
        if key not in handled:
            handled.add(key)
            handle(event)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
