"""Pays the people of a spreadsheet that was saved as CSV, in batches. Python's standard library only.

    OUTPAY_KEY=sk_test_… python3 examples/pay_from_spreadsheet.py october.csv http://127.0.0.1:8080 > paid.csv

The file has the columns email, amount (in dollars, such as 12.50) and reference. A reference pays once, for ever: running the
same file again, also after a crash in the middle, pays no row twice and prints the same hashes.
"""

import csv
import json
import os
import sys
import urllib.error
import urllib.request
from decimal import Decimal, InvalidOperation

ROWS_PER_REQUEST = 1_000


def cents(text: str) -> int:
    """Whole cents, without a float on the way."""
    amount = Decimal(text) * 100
    if amount != amount.to_integral_value() or amount < 1:
        raise ValueError(f"not an amount in dollars and cents: {text}")
    return int(amount)


def dollars(cents: int) -> str:
    """As in the spreadsheet."""
    return f"{cents // 100}.{cents % 100:02}"


def read(path: str) -> list:
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    payouts, faults = [], []
    for line, row in enumerate(rows, start=2):
        try:
            if not row["reference"]:
                raise ValueError("the reference is empty: without it a second run would pay again")
            payouts.append({"email": row["email"], "amount": cents(row["amount"]), "reference": row["reference"]})
        except (KeyError, ValueError, InvalidOperation) as fault:
            faults.append(f"{path}, line {line}: {fault}")
    if faults:
        sys.exit("\n".join(faults))
    return payouts


def pay(server: str, payouts: list) -> list:
    """All rows of one request are paid, or none."""
    request = urllib.request.Request(
        f"{server}/payout/batch",
        data=json.dumps({"payouts": payouts}).encode(),
        headers={"Authorization": f"Bearer {os.environ['OUTPAY_KEY']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request) as response:
            return json.load(response)["data"]
    except urllib.error.HTTPError as refusal:
        sys.exit(f"{refusal.code}: {refusal.read().decode()}")


if __name__ == "__main__":
    path, server = sys.argv[1:]
    payouts = read(path)
    output = csv.writer(sys.stdout)
    output.writerow(["email", "amount", "currency", "reference", "hash"])
    for start in range(0, len(payouts), ROWS_PER_REQUEST):
        rows = payouts[start : start + ROWS_PER_REQUEST]
        for row, paid in zip(rows, pay(server, rows)):
            output.writerow([row["email"], dollars(row["amount"]), "USD", row["reference"], paid["hash"]])
