import type { ExplanationView, ParkedDetail } from '../gateway-view.js';

/** This much of a payload shows a person what is wrong; `sluice dead-letters show` prints all of it. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
/** The limit for refused points and lines: a payload can be a list of thousands of values. */
export const MAX_LISTED = 100;

export interface BoundedDetail extends ParkedDetail {
  readonly explanation?: BoundedExplanation;
  /** The number of refused points that are not listed; absent when all are listed. */
  readonly moreRefusedPoints?: number;
  /** The number of lines of the explanation that are not listed; absent when all are listed. */
  readonly moreLines?: number;
}

interface BoundedExplanation extends ExplanationView {
  /** The former name of `outcome`, sent for one version. */
  readonly fate: ExplanationView['outcome'];
}

/** Cuts a parked record to the size of an answer; `payloadBytes` is still the length of the whole payload. */
export function boundedDetail(detail: ParkedDetail): BoundedDetail {
  const { payload, payloadBase64, refusedPoints, explanation, ...rest } = detail;
  const moreRefused = (refusedPoints?.length ?? 0) - MAX_LISTED;
  const moreLines = (explanation?.lines.length ?? 0) - MAX_LISTED;
  return {
    ...rest,
    payload: payload === undefined ? undefined : startOfText(payload),
    payloadBase64: payloadBase64 === undefined ? undefined : startOfBase64(payloadBase64),
    refusedPoints: refusedPoints?.slice(0, MAX_LISTED),
    moreRefusedPoints: moreRefused > 0 ? moreRefused : undefined,
    explanation: explanation === undefined ? undefined : startOfExplanation(explanation),
    moreLines: moreLines > 0 ? moreLines : undefined,
  };
}

/** Cuts after the last whole character that fits. */
function startOfText(text: string): string {
  if (text.length * 3 <= MAX_PAYLOAD_BYTES) return text;
  const start = new Uint8Array(MAX_PAYLOAD_BYTES);
  const { read } = new TextEncoder().encodeInto(text, start);
  return text.slice(0, read);
}

/** Four characters stand for three bytes. */
function startOfBase64(base64: string): string {
  return base64.slice(0, Math.floor(MAX_PAYLOAD_BYTES / 3) * 4);
}

function startOfExplanation(explanation: ExplanationView): BoundedExplanation {
  const lines = explanation.lines.slice(0, MAX_LISTED).map(startOfText);
  return { ...explanation, fate: explanation.outcome, lines };
}
