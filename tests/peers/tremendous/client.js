// The provider's own Node.js client against the stand-in of the tests. Reads what to do as JSON from its standard input, and writes
// what the client answered as JSON.

"use strict";

const { Configuration, FundingSourcesApi, OrdersApi, ProductsApi, RewardsApi } = require("tremendous");

// The outcome of a call: status and body, whatever the status is.
async function said(call) {
    try {
        const { status, data } = await call;
        return { status, data };
    } catch (error) {
        if (!error.response) throw error;
        return { status: error.response.status, data: error.response.data };
    }
}

async function run({ url, key, order, other, source }) {
    const configuration = new Configuration({ basePath: `${url}/api/v2`, accessToken: key });
    const orders = new OrdersApi(configuration);
    const created = await said(orders.createOrder(order));
    const reward = created.data.order.rewards[0].id;
    return {
        created,
        repeated: await said(orders.createOrder(order)),
        conflict: await said(orders.createOrder(other)),
        found: await said(orders.getOrder(order.external_id)),
        missing: await said(orders.getOrder("NOTHING1")),
        listed: await said(orders.listOrders(0, undefined, undefined, "2000-01-01T00:00:00Z", undefined, 500)),
        link: await said(new RewardsApi(configuration).generateRewardLink(reward)),
        products: await said(new ProductsApi(configuration).listProducts("US", "USD")),
        funds: await said(new FundingSourcesApi(configuration).getFundingSource(source)),
        refused: await said(new OrdersApi(new Configuration({ basePath: `${url}/api/v2`, accessToken: "x" })).getOrder("A")),
    };
}

let input = "";
process.stdin.on("data", (chunk) => (input += chunk));
process.stdin.on("end", async () => {
    try {
        console.log(JSON.stringify(await run(JSON.parse(input))));
    } catch (error) {
        console.error(error);
        process.exitCode = 1;
    }
});
