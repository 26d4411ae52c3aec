// What the package offers.

export { Outpay } from "./outpay.js";
export { OutpayRecipient } from "./recipient.js";
export { List, type Page } from "./pages.js";
export { VERSION } from "./door.js";
export type { CallOptions, ChangeOptions, ClientOptions, Tagged, UpdateOptions } from "./door.js";
export * from "./errors.js";
export * from "./webhooks.js";
export type * from "./shapes.js";
export type { components, operations, paths } from "./schema.js";
