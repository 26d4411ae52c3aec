"""Checks a NACHA file without any code of Outpay: records, sums, hashes, check digits, padding, trace numbers. Then asks achkit.

Usage: nacha.py FILE. Prints the entries as JSON; says on standard error what is wrong and exits with 1.
"""

import json
import sys

import achkit


def main(path):
    with open(path, "rb") as file:
        raw = file.read()
    text = raw.decode("ascii")
    lines = text.split("\n")
    wrong = []
    if lines.pop() != "":
        wrong.append("the last line has no end")
    wrong += [f"line {at} has {len(line)} characters" for at, line in enumerate(lines, 1) if len(line) != 94]
    if len(lines) % 10:
        wrong.append(f"{len(lines)} lines are not blocks of ten")
    kinds = "".join(line[0] for line in lines)
    body = kinds.rstrip("9")
    count = body.count("6")
    filler = [line for line in lines[len(body) + 1 :] if line != "9" * 94]
    if body != "15" + "6" * count + "8" or filler or len(lines) - len(body) - 1 > 9:
        wrong.append(f"the records are {kinds}")
    header, batch, *entries = lines[: count + 2]
    control, total = lines[count + 2], lines[count + 3]
    found = []
    for at, entry in enumerate(entries, 1):
        routing = entry[3:12]
        weighed = sum(int(digit) * by for digit, by in zip(routing, [3, 7, 1] * 3))
        if weighed % 10:
            wrong.append(f"the routing number {routing}")
        if entry[78] != "0" or entry[79:94] != batch[79:87] + f"{at:07}":
            wrong.append(f"the trace number {entry[79:94]}")
        found.append(
            {
                "code": entry[1:3],
                "routing": routing,
                "account": entry[12:29].rstrip(),
                "amount": int(entry[29:39]),
                "id": entry[39:54],
                "name": entry[54:76].rstrip(),
            }
        )
    entry_hash = sum(int(entry["routing"][:8]) for entry in found) % 10**10
    cents = sum(entry["amount"] for entry in found)
    if len({entry["id"] for entry in found}) != len(found):
        wrong.append("an individual id is there twice")
    sums = f"{entry_hash:010}{0:012}{cents:012}"
    if control[:44] != f"8220{count:06}" + sums or control[44:54] != batch[40:50]:
        wrong.append("the batch control")
    if control[79:94] != batch[79:94]:
        wrong.append("the batch control's bank and number")
    if total != f"9000001{len(lines) // 10:06}{count:08}" + sums + " " * 39:
        wrong.append("the file control")
    if header[:3] != "101" or header[34:40] != "094101" or batch[:4] != "5220" or batch[50:53] != "PPD":
        wrong.append("a header")
    # A second opinion, of a validator that others wrote.
    opinion = achkit.validate(text)
    wrong += [f"achkit: {error}" for error in opinion["errors"]]
    print(json.dumps({"day": batch[69:75], "description": batch[53:63].rstrip(), "entries": found}))
    for problem in wrong:
        print(problem, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
