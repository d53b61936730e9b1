import { errorText } from '../../errors.js';

export interface OtlpTarget {
  readonly url: string;
  readonly timeoutMs: number;
  /** Secrets. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What is read of an answer; a collector says little. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_WORDS = 200;

/** One request to a collector. Resolves with why it failed, wholly or in part, or with nothing; never rejects. */
export async function postOtlp(target: OtlpTarget, request: object): Promise<string | undefined> {
  const reason = await refusalOf(target, JSON.stringify(request)).catch(reasonOf);
  return reason?.slice(0, MAX_WORDS);
}

async function refusalOf({ url, timeoutMs, headers }: OtlpTarget, body: string): Promise<string | undefined> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body,
    // An address that somebody else names would get the headers, too.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  });
  const words = await textOf(answer);
  if (answer.status !== 200) return `${answer.status} ${words}`.trim();
  return hasRejected(words) ? words : undefined;
}

async function textOf(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).byteLength;
    // Leaving the loop gives the connection up.
    if (bytes > MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
}

/** Of an Export…ServiceResponse, which may be empty. */
function hasRejected(text: string): boolean {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: Record<string, unknown> };
    const { rejectedDataPoints = 0, rejectedSpans = 0 } = partialSuccess ?? {};
    return Number(rejectedDataPoints) + Number(rejectedSpans) > 0;
  } catch {
    return false;
  }
}

/** `fetch` says only that it failed, and why in the cause. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause === undefined ? errorText(thrown) : errorText(cause) || errorText(thrown);
}
