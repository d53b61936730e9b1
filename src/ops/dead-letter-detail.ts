import type { ExplanationView, ParkedDetail } from './gateway-view.js';

/** Of a payload, for a person to see what is wrong; `sluice dead-letters show` gives all of it. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
/** A payload can be a list of thousands of readings. */
export const MAX_LISTED = 100;

export interface BoundedDetail extends ParkedDetail {
  /** Refused points beyond those listed; absent when all are. */
  readonly moreRefusedPoints?: number;
  /** Lines of the explanation beyond those listed; absent when all are. */
  readonly moreLines?: number;
}

/** As much of a parked record as an answer holds; `payloadBytes` says how long the payload is. */
export function boundedDetail(detail: ParkedDetail): BoundedDetail {
  const { payload, payloadBase64, refusedPoints, explanation, ...rest } = detail;
  const moreRefused = (refusedPoints?.length ?? 0) - MAX_LISTED;
  const moreLines = (explanation?.lines.length ?? 0) - MAX_LISTED;
  return {
    ...rest,
    ...(payload === undefined ? {} : { payload: startOfText(payload) }),
    ...(payloadBase64 === undefined ? {} : { payloadBase64: startOfBase64(payloadBase64) }),
    ...(refusedPoints === undefined ? {} : { refusedPoints: refusedPoints.slice(0, MAX_LISTED) }),
    ...(moreRefused > 0 ? { moreRefusedPoints: moreRefused } : {}),
    ...(explanation === undefined ? {} : { explanation: startOfExplanation(explanation) }),
    ...(moreLines > 0 ? { moreLines } : {}),
  };
}

/** Up to the last whole character. */
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

function startOfExplanation(explanation: ExplanationView): ExplanationView {
  return { ...explanation, lines: explanation.lines.slice(0, MAX_LISTED).map(startOfText) };
}
