// PayPal's own client: node paypal.js ADDRESS CLIENT SECRET CALLS. CALLS is a JSON list of [verb, argument]; prints the list of answers.
"use strict";
const paypal = require("@paypal/payouts-sdk");

const [address, client, secret, calls] = process.argv.slice(2);

class Environment extends paypal.core.PayPalEnvironment {
  constructor() {
    super(client, secret, address, address);
  }
}

const http = new paypal.core.PayPalHttpClient(new Environment());

function request(verb, argument) {
  if (verb === "create") {
    const create = new paypal.payouts.PayoutsPostRequest();
    create.requestBody(argument);
    return create;
  }
  if (verb === "get") return new paypal.payouts.PayoutsGetRequest(argument);
  if (verb === "item") return new paypal.payouts.PayoutsItemGetRequest(argument);
  if (verb === "cancel") return new paypal.payouts.PayoutsItemCancelRequest(argument);
  throw new Error(`unknown verb ${verb}`);
}

async function main() {
  const answers = [];
  for (const [verb, argument] of JSON.parse(calls)) {
    try {
      const answer = await http.execute(request(verb, argument));
      answers.push({ status: answer.statusCode, result: answer.result });
    } catch (error) {
      if (!error.statusCode) throw error;
      answers.push({ status: error.statusCode, error: error.message });
    }
  }
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
