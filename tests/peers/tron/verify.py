"""Reads signed TRON transactions as verify.js does, with tronpy: an empty line for each in which all is right."""

import json
import sys

from tronpy.keys import Signature, is_base58check_address, to_base58check_address
from tronpy.proto import calculate_txid_from_raw_data, tron_pb2


def check(wanted):
    message = tron_pb2.Transaction.FromString(bytes.fromhex(wanted["raw"]))
    raw = message.raw_data
    call = tron_pb2.TriggerSmartContract.FromString(raw.contract[0].parameter.value)
    value = {
        "owner_address": to_base58check_address(call.owner_address.hex()),
        "contract_address": to_base58check_address(call.contract_address.hex()),
        "data": call.data.hex(),
    }
    fields = {
        "contract": [
            {
                "type": "TriggerSmartContract",
                "parameter": {"type_url": raw.contract[0].parameter.type_url, "value": value},
            }
        ],
        "ref_block_bytes": raw.ref_block_bytes.hex(),
        "ref_block_hash": raw.ref_block_hash.hex(),
        "expiration": raw.expiration,
        "timestamp": raw.timestamp,
        "fee_limit": raw.fee_limit,
    }
    problems = []

    def expect(what, found, should):
        if found != should:
            problems.append(f"{what}: {found}, not {should}")

    expect("id", calculate_txid_from_raw_data(fields), wanted["id"])
    expect("owner", value["owner_address"], wanted["owner"])
    expect("contract", value["contract_address"], wanted["contract"])
    expect("to is an address", is_base58check_address(wanted["to"]), True)
    expect("amount", int(value["data"][72:], 16), int(wanted["amount"]))
    expect("signatures", len(message.signature), 1)
    signed = message.signature[0]
    signature = Signature(signed[:64] + bytes([signed[64] - 27]))
    signer = signature.recover_public_key_from_msg_hash(bytes.fromhex(wanted["id"]))
    expect("signer", signer.to_base58check_address(), wanted["owner"])
    return "; ".join(problems)


for line in sys.stdin:
    print(check(json.loads(line)))
