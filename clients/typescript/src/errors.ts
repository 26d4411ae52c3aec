// One hierarchy of errors: what the API said, by kind. No error holds a credential, a header or a body that was sent.

/** What the API said about a request that did not succeed. */
export interface Refusal {
  status?: number;
  code?: string;
  requestId?: string;
  /** Sentences per field. */
  fields?: Record<string, string[]>;
  /** Of a batch: the rows that are wrong. */
  rows?: Row[];
  /** The scope that the key lacks. */
  scope?: string;
  /** Seconds to wait. */
  retryAfter?: number;
  cause?: unknown;
}

/** A row of a batch: its index, and sentences per field. */
export interface Row {
  index: number;
  fields: Record<string, string[]>;
}

/** Any error of this library. */
export class OutpayError extends Error {
  /** The HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** The stable word for the reason, such as `insufficient_payout_balance`; undefined where the API gives none. */
  readonly code: string | undefined;
  /** What to quote to the operator of the server: its log has the same id. */
  readonly requestId: string | undefined;

  constructor(message: string, said: Refusal = {}) {
    super(message, said.cause === undefined ? undefined : { cause: said.cause });
    this.name = new.target.name;
    this.status = said.status;
    this.code = said.code;
    this.requestId = said.requestId;
  }
}

/** 401: no valid key or hash. */
export class AuthenticationError extends OutpayError {}

/** 403: the key is restricted. */
export class InsufficientScopeError extends OutpayError {
  /** The scope that the key lacks, such as `payouts:write`. */
  readonly scope: string | undefined;

  constructor(message: string, said: Refusal = {}) {
    super(message, said);
    this.scope = said.scope;
  }
}

/** The request is wrong as such: fields, parameters, rows of a batch. Nothing was done. */
export class ValidationError extends OutpayError {
  readonly fields: Record<string, string[]>;
  readonly rows: Row[];

  constructor(message: string, said: Refusal = {}) {
    super(message, said);
    this.fields = said.fields ?? {};
    this.rows = said.rows ?? [];
  }
}

/** A rule says no: too little money, a limit, payouts that are switched off. Nothing was done; `code` says which rule. */
export class RefusedError extends OutpayError {}

/** 404 */
export class NotFoundError extends OutpayError {}

/** 409, 412 and 422: it does not fit what is there, or what was asked before under the same key or reference. */
export class ConflictError extends OutpayError {
  /** Of a batch: the rows whose references were used before. */
  readonly rows: Row[];

  constructor(message: string, said: Refusal = {}) {
    super(message, said);
    this.rows = said.rows ?? [];
  }
}

/** 429: too many requests. Nothing was done. */
export class RateLimitedError extends OutpayError {
  /** Seconds to wait. */
  readonly retryAfter: number | undefined;

  constructor(message: string, said: Refusal = {}) {
    super(message, said);
    this.retryAfter = said.retryAfter;
  }
}

/**
 * It may or may not have been carried out. Ask again with the same `idempotencyKey`: it is carried out once, whatever
 * happened before.
 */
export class OutcomeUnknownError extends OutpayError {
  /** The key of this request; undefined for a request that had none. */
  readonly idempotencyKey: string | undefined;

  constructor(message: string, said: Refusal = {}, idempotencyKey?: string) {
    super(message, said);
    this.idempotencyKey = idempotencyKey;
  }
}

/** 500 and 503: the server cannot do it now. Nothing was done. */
export class UnavailableError extends OutpayError {}

/** No answer: no connection, a lost one, or a timeout. A request that changes something may have been carried out. */
export class ConnectionError extends OutcomeUnknownError {}

/** A webhook is not authentic, or too old. */
export class WebhookVerificationError extends OutpayError {}

/** The documented answers without a code, and the codes that batches give the same refusals. */
const BARE: Record<string, string> = {
  Unauthorized: "unauthorized",
  "Payouts are currently disabled. Please enable them in Settings.": "payouts_disabled",
  "Insufficient payout balance": "insufficient_payout_balance",
};

/** The error that an answer stands for. `body` is whatever came, JSON or not. */
export function errorOf(response: Response, body: unknown, idempotencyKey?: string): OutpayError {
  const { status, headers } = response;
  const object = isObject(body) ? body : {};
  const sentence = typeof object["error"] === "string" ? object["error"] : undefined;
  const said: Refusal = {
    status,
    code: textOf(object["code"]) ?? (sentence === undefined ? undefined : BARE[sentence]),
    requestId: headers.get("outpay-request-id") ?? headers.get("x-request-id") ?? undefined,
    scope: textOf(object["scope"]),
    fields: isObject(object["fields"]) ? sentences(object["fields"]) : undefined,
    rows: rowsOf(object["rows"]),
    retryAfter: retryAfterOf(headers),
  };
  // POST /payout/create answers invalid fields without a wrapper.
  if (status === 400 && sentence === undefined && Object.values(object).some(Array.isArray)) {
    said.fields = sentences(object);
    said.code = "invalid_request";
  }
  const message = sentence ?? Object.values(said.fields ?? {})[0]?.[0] ?? `The server answered ${status}.`;
  if (status === 401) return new AuthenticationError(message, said);
  if (said.code === "insufficient_scope") return new InsufficientScopeError(message, said);
  if (status === 404) return new NotFoundError(message, said);
  if (status === 409 || status === 412 || status === 422) return new ConflictError(message, said);
  if (status === 429) return new RateLimitedError(message, said);
  // A gateway that gives up on the server knows no more than the client.
  if (status === 502 || status === 504) return new OutcomeUnknownError(message, said, idempotencyKey);
  if (status === 408 || status >= 500) return new UnavailableError(message, said);
  const isAboutTheRequest = said.fields !== undefined || said.rows !== undefined || said.code === undefined;
  if (isAboutTheRequest || status === 413 || status === 415) return new ValidationError(message, said);
  return new RefusedError(message, said);
}

/** Seconds of `Retry-After`, as a number or as a date. */
export function retryAfterOf(headers: Headers): number | undefined {
  const text = headers.get("retry-after");
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

function rowsOf(value: unknown): Row[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter(isObject).map(({ index, ...fields }) => ({ index: Number(index), fields: sentences(fields) }));
}

function sentences(fields: Record<string, unknown>): Record<string, string[]> {
  const lists = Object.entries(fields).filter((pair): pair is [string, unknown[]] => Array.isArray(pair[1]));
  return Object.fromEntries(lists.map(([name, list]) => [name, list.map(String)]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
