// A fake of `fetch` that gives the answers it is told, and keeps what it was asked.

export interface Asked {
  method: string;
  url: string;
  headers: Headers;
  body: string;
}

export type Answer = Response | Error;

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  const all = { "content-type": "application/json", "x-request-id": "req_1", ...headers };
  return new Response(JSON.stringify(body), { status, headers: all });
}

/** A fake that gives these answers in this order. */
export function answering(...answers: Answer[]): {
  fetch: typeof fetch;
  asked: Asked[];
  waits: number[];
  sleep: Sleep;
} {
  const asked: Asked[] = [];
  const waits: number[] = [];
  const fake = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { method, url, headers } = request;
    asked.push({ method, url, headers, body: await request.text() });
    const answer = answers.shift();
    if (answer === undefined) throw new Error("asked more often than there are answers");
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const sleep = async (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
  };
  return { fetch: fake, asked, waits, sleep };
}

type Sleep = (milliseconds: number) => Promise<void>;
