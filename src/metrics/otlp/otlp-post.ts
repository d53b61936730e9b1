import { askPeer } from '../../lib/ask-peer.js';
import { encodedText, isWebPage, redirectTarget } from '../../lib/bounded-answer.js';
import { errorText } from '../../lib/errors.js';

export interface OtlpTarget {
  readonly url: string;
  readonly timeoutMs: number;
  /** The values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
}

const MAX_REASON_CHARACTERS = 200;

/** Sends one request to a collector. Resolves with the reason when it failed completely or in part, else with undefined. Never rejects. */
export async function postOtlp(target: OtlpTarget, request: object): Promise<string | undefined> {
  const reason = await failureOf(target, JSON.stringify(request)).catch(errorText);
  return reason?.slice(0, MAX_REASON_CHARACTERS);
}

/** A redirect is a failure: following it would send the headers, which are secrets, to another address. */
async function failureOf(target: OtlpTarget, body: string): Promise<string | undefined> {
  const { url, timeoutMs } = target;
  const headers = { ...target.headers, 'content-type': 'application/json' };
  const answer = await askPeer({ url, body, headers, timeoutMs });
  const { status, text, omitted } = answer;
  const movedTo = redirectTarget(answer, new URL(url));
  if (movedTo !== undefined) return `${status} to ${movedTo.href}: set the url to it`;
  if (isWebPage(answer)) return `${status} with a web page: is this the address of a collector?`;
  if (status !== 200) return `${status} ${omitted === 'encoded' ? encodedText(answer.headers) : text}`.trim();
  return hasRejected(text) ? text : undefined;
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
