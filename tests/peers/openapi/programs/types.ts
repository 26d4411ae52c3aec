// What a user of the types that openapi-typescript makes would write. It is compiled with `tsc --strict`, and not run.
import type { components, operations, paths } from "./outpay.js";

type Body<O> = O extends { requestBody?: { content: { "application/json": infer B } } } ? B : never;
type Success<O, S extends number> = O extends {
  responses: { [status in S]: { content: { "application/json": infer B } } };
}
  ? B
  : never;

const create: Body<operations["createPayout"]> = { email: "user@example.com", amount: 10000 };
// @ts-expect-error: an amount is a number.
const wrong: Body<operations["createPayout"]> = { email: "user@example.com", amount: "100.00" };
const withdraw: Body<operations["createWithdrawal"]> = {
  method: "sandbox",
  amount: 2500,
  destination: { account: "any text" },
};
// @ts-expect-error: the key is a text, and never null.
const key: NonNullable<operations["createPayout"]["parameters"]["header"]>["Idempotency-Key"] = null;

function told(error: components["schemas"]["Error"]): string {
  switch (error.code) {
    case "insufficient_scope":
      return error.scope ?? "";
    case "unknown_field":
      return Object.keys(error.fields ?? {}).join(", ");
    // @ts-expect-error: there is no such code.
    case "no_such_code":
      return "";
    default:
      return error.error ?? "";
  }
}

function* emails(pages: Iterable<Success<operations["listUsers"], 200>>): Generator<string> {
  for (const page of pages) {
    for (const user of page.data) {
      yield user.email;
    }
    const next: string | null = page.next_cursor;
    if (!page.has_more && next === null) return;
  }
}

function isDone(operation: Success<operations["createWithdrawal"], 202>): boolean {
  const status: "succeeded" | "failed" | string = operation.status;
  return status === "succeeded";
}

const route: keyof paths = "/payout/create";
console.log(create, wrong, withdraw, key, told, emails, isDone, route);
