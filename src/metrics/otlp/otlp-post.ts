import { errorText } from '../../lib/errors.js';

export interface OtlpTarget {
  readonly url: string;
  readonly timeoutMs: number;
  /** The values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Limit of an answer; a collector's answers are short. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_REASON_CHARACTERS = 200;

/** Sends one request to a collector. Resolves with the reason when it failed completely or in part, else with undefined. Never rejects. */
export async function postOtlp(target: OtlpTarget, request: object): Promise<string | undefined> {
  const reason = await failureOf(target, JSON.stringify(request)).catch(reasonOf);
  return reason?.slice(0, MAX_REASON_CHARACTERS);
}

async function failureOf({ url, timeoutMs, headers }: OtlpTarget, body: string): Promise<string | undefined> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
    // A redirect would send the headers to another address.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await textOf(answer);
  if (answer.status !== 200) return `${answer.status} ${text}`.trim();
  return hasRejected(text) ? text : undefined;
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).byteLength;
    // Leaving the loop closes the connection.
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
}

/** Reads an Export…ServiceResponse, which may be empty. */
function hasRejected(text: string): boolean {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: Record<string, unknown> };
    const { rejectedDataPoints = 0, rejectedSpans = 0 } = partialSuccess ?? {};
    return Number(rejectedDataPoints) + Number(rejectedSpans) > 0;
  } catch {
    return false;
  }
}

/** `fetch` gives the reason only in the cause of its error. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause === undefined ? errorText(thrown) : errorText(cause) || errorText(thrown);
}
