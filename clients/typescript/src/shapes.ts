// What goes in and comes out, under short names. The shapes themselves are generated: schema.ts.

import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type ApiKey = Schemas["ApiKey"];
export type ApiKeys = Schemas["ApiKeys"];
export type AuditEntry = Schemas["AuditEntry"];
export type AdvanceBody = Schemas["AdvanceBody"];
export type Balances = Schemas["Balances"];
export type BatchAnswer = Schemas["BatchAnswer"];
export type BatchBody = Schemas["BatchBody"];
export type BatchRow = Schemas["BatchRow"];
export type CreateBody = Schemas["CreateBody"];
export type DebitBody = Schemas["DebitBody"];
export type Delivery = Schemas["Delivery"];
export type DeliveryDetail = Schemas["DeliveryDetail"];
export type Event = Schemas["Event"];
export type Hash = Schemas["Hash"];
export type Method = Schemas["Method"];
export type Methods = Schemas["Methods"];
export type NewKey = Schemas["NewKey"];
export type NewKeyBody = Schemas["NewKeyBody"];
export type Operation = Schemas["Operation"];
export type OperationDetail = Schemas["OperationDetail"];
export type PauseAnswer = Schemas["PauseAnswer"];
export type PauseBody = Schemas["PauseBody"];
export type Pauses = Schemas["Pauses"];
export type DissolveBatchBody = Schemas["DissolveBatchBody"];
export type PaymentBatch = Schemas["PaymentBatch"];
export type PaymentBatchAnswer = Schemas["PaymentBatchAnswer"];
export type PaymentBatchBody = Schemas["PaymentBatchBody"];
export type PaymentBatchFile = Schemas["PaymentBatchFile"];
export type BatchAnswerBody = Schemas["BatchAnswerBody"];
export type Proposal = Schemas["Proposal"];
export type Proposals = Schemas["Proposals"];
export type Quote = Schemas["Quote"];
export type RejectBody = Schemas["RejectBody"];
export type ReplayBody = Schemas["ReplayBody"];
export type Replayed = Schemas["Replayed"];
export type ResumeAnswer = Schemas["ResumeAnswer"];
export type RevealedCard = Schemas["RevealedCard"];
export type RollBody = Schemas["RollBody"];
export type RollKeyBody = Schemas["RollKeyBody"];
export type SettleBody = Schemas["SettleBody"];
export type Settings = Schemas["Settings"];
export type SettingsBody = Schemas["SettingsBody"];
export type Statement = Schemas["Statement"];
export type TestBody = Schemas["TestBody"];
export type TestClock = Schemas["TestClock"];
export type TransferBody = Schemas["TransferBody"];
export type User = Schemas["User"];
export type Webhook = Schemas["Webhook"];
export type WebhookBody = Schemas["WebhookBody"];
export type WebhookDeleted = Schemas["WebhookDeleted"];
export type WebhookList = Schemas["WebhookList"];
export type WithdrawBody = Schemas["WithdrawBody"];
export type Withdrawal = Schemas["Withdrawal"];

/** How a list is read. */
export interface PageOptions {
  /** Items per page, 1 to 100; default 20. */
  limit?: number;
  /** Begins at this page, the `next_cursor` of another. */
  cursor?: string;
}

/** Bounds: at or after, after, at or before, before. */
export interface Bounds<T> {
  gte?: T;
  gt?: T;
  lte?: T;
  lt?: T;
}

/** What users are found by; all that are given must fit. */
export interface UserFilter extends PageOptions {
  email?: string;
  status?: Schemas["SetUserStatus"];
  reference?: string;
  metadata?: Record<string, string>;
  /** RFC 3339. */
  created?: Bounds<string>;
}

/** What a user's operations are found by; all that are given must fit. */
export interface OperationFilter extends PageOptions {
  reference?: string;
  metadata?: Record<string, string>;
  created?: Bounds<string>;
  /** Cents, without a sign. */
  amount?: number | Bounds<number>;
}

export interface WithdrawalFilter extends PageOptions {
  status?: Withdrawal["status"];
  /** `usr_…` */
  user?: string;
  method?: string;
}

export interface PaymentBatchFilter extends PageOptions {
  method?: string;
}

export interface DeliveryFilter extends PageOptions {
  status?: Delivery["status"];
}

export interface EventFilter extends PageOptions {
  /** The sequence of the last event that you have. */
  after?: number;
}
