// Reads signed TRON transactions, one JSON line {"raw", "id", "owner", "to", "contract", "amount"} each, with the bytes in hexadecimal,
// and says for each what tronweb, which shares no code with Outpay, makes of it: an empty line where all is right.
'use strict';
const { TronWeb, utils } = require('tronweb');

const hex = (bytes) => Buffer.from(bytes).toString('hex');

function check(wanted) {
    const { Transaction } = globalThis.TronWebProto;
    const message = Transaction.deserializeBinary(Uint8Array.from(Buffer.from(wanted.raw, 'hex')));
    const raw = message.getRawData();
    const contract = raw.getContractList()[0];
    const { TriggerSmartContract } = globalThis.TronWebProto;
    const call = TriggerSmartContract.deserializeBinary(contract.getParameter().getValue());
    const value = {
        owner_address: hex(call.getOwnerAddress()),
        contract_address: hex(call.getContractAddress()),
        data: hex(call.getData()),
    };
    // Written from these values anew, by tronweb's own encoder.
    const transaction = {
        visible: false,
        txID: wanted.id,
        raw_data: {
            contract: [{
                parameter: { value, type_url: 'type.googleapis.com/protocol.TriggerSmartContract' },
                type: 'TriggerSmartContract',
            }],
            ref_block_bytes: hex(raw.getRefBlockBytes()),
            ref_block_hash: hex(raw.getRefBlockHash()),
            expiration: raw.getExpiration(),
            fee_limit: raw.getFeeLimit(),
            timestamp: raw.getTimestamp(),
        },
        raw_data_hex: hex(raw.serializeBinary()),
        signature: message.getSignatureList().map(hex),
    };
    const problems = [];
    const expect = (what, is, should) => is === should || problems.push(`${what}: ${is}, not ${should}`);
    const encoded = utils.transaction.txJsonToPb(transaction);
    expect('id', utils.transaction.txPbToTxID(encoded).replace(/^0x/, ''), wanted.id);
    expect('bytes', utils.transaction.txPbToRawDataHex(encoded).toLowerCase(), transaction.raw_data_hex);
    expect('check', utils.transaction.txCheck(transaction), true);
    expect('owner', TronWeb.address.fromHex(value.owner_address), wanted.owner);
    expect('contract', TronWeb.address.fromHex(value.contract_address), wanted.contract);
    expect('to is an address', TronWeb.isAddress(wanted.to), true);
    const to = TronWeb.address.toHex(wanted.to).slice(2);
    const amount = BigInt(wanted.amount).toString(16).padStart(64, '0');
    expect('call', value.data, `a9059cbb${to.padStart(64, '0')}${amount}`);
    expect('signatures', transaction.signature.length, 1);
    const signer = utils.crypto.ecRecover(wanted.id, transaction.signature[0]);
    expect('signer', TronWeb.address.fromHex(signer), wanted.owner);
    return problems.join('; ');
}

let text = '';
process.stdin.on('data', (chunk) => { text += chunk; });
process.stdin.on('end', () => {
    for (const line of text.split('\n').filter(Boolean)) {
        console.log(check(JSON.parse(line)));
    }
});
