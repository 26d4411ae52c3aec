"""Checks a pain.001.001.09 without any code of Outpay: sums, counts, ids, characters, check digits, execution day.

Usage: transfers.py FILE. Prints the payments as JSON; says on standard error what is wrong and exits with 1.
"""

import datetime
import json
import re
import sys
from decimal import Decimal

from lxml import etree
from stdnum import bic, iban

NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
LATIN = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]+")
ID = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]{1,35}")


def main(path):
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.parse(path, parser).getroot()
    wrong = []

    def texts(at, path):
        return [found.text or "" for found in at.iterfind(path, NS)]

    def one(at, path):
        found = texts(at, path)
        if len(found) != 1:
            wrong.append(f"{path}: {len(found)} times")
        return found[0] if found else ""

    group = root.find("p:CstmrCdtTrfInitn/p:GrpHdr", NS)
    blocks = root.findall("p:CstmrCdtTrfInitn/p:PmtInf", NS)
    if len(blocks) != 1:
        wrong.append(f"{len(blocks)} blocks")
    block = blocks[0]
    payments = []
    for transfer in block.iterfind("p:CdtTrfTxInf", NS):
        amount = transfer.find("p:Amt/p:InstdAmt", NS)
        if amount.get("Ccy") != "EUR" or not re.fullmatch(r"\d+\.\d{2}", amount.text):
            wrong.append(f"amount {amount.text} {amount.get('Ccy')}")
        payments.append(
            {
                "id": one(transfer, "p:PmtId/p:EndToEndId"),
                "amount": int(Decimal(amount.text) * 100),
                "name": one(transfer, "p:Cdtr/p:Nm"),
                "iban": one(transfer, "p:CdtrAcct/p:Id/p:IBAN"),
                "bic": next(iter(texts(transfer, "p:CdtrAgt/p:FinInstnId/p:BICFI")), None),
                "text": one(transfer, "p:RmtInf/p:Ustrd"),
            }
        )
    total = sum(payment["amount"] for payment in payments)
    for at in (group, block):
        if Decimal(one(at, "p:CtrlSum")) * 100 != total:
            wrong.append(f"CtrlSum is not {total} cents")
        if one(at, "p:NbOfTxs") != str(len(payments)):
            wrong.append(f"NbOfTxs is not {len(payments)}")
    ids = [payment["id"] for payment in payments]
    if len(set(ids)) != len(ids):
        wrong.append("an EndToEndId is there twice")
    for name in ids + [one(group, "p:MsgId"), one(block, "p:PmtInfId")]:
        if not ID.fullmatch(name) or name[0] == "/" or name[-1] == "/" or "//" in name:
            wrong.append(f"the id {name!r}")
    for payment in payments:
        for field, longest in (("name", 70), ("text", 140)):
            if not LATIN.fullmatch(payment[field]) or len(payment[field]) > longest:
                wrong.append(f"{field} {payment[field]!r}")
        if payment["amount"] <= 0:
            wrong.append(f"the amount {payment['amount']}")
    for number in [payment["iban"] for payment in payments] + [one(block, "p:DbtrAcct/p:Id/p:IBAN")]:
        if not iban.is_valid(number) or iban.compact(number) != number:
            wrong.append(f"the IBAN {number}")
    for number in filter(None, [payment["bic"] for payment in payments]):
        if not bic.is_valid(number):
            wrong.append(f"the BIC {number}")
    made = datetime.datetime.fromisoformat(one(group, "p:CreDtTm").replace("Z", "+00:00"))
    day = datetime.date.fromisoformat(one(block, "p:ReqdExctnDt/p:Dt"))
    if day < made.date() or day.weekday() > 4:
        wrong.append(f"the day {day}")
    fixed = {
        "p:PmtMtd": "TRF",
        "p:PmtTpInf/p:SvcLvl/p:Cd": "SEPA",
        "p:ChrgBr": "SLEV",
    }
    for path, value in fixed.items():
        if one(block, path) != value:
            wrong.append(f"{path} is not {value}")
    print(json.dumps({"message": one(group, "p:MsgId"), "day": str(day), "payments": payments}))
    for problem in wrong:
        print(problem, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
