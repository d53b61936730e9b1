import { type ShownProperties, shownProperties } from '../lib/properties-json.js';
import type { StreamRecord } from '../stream/stream.js';
import { isoTime } from './epoch.js';
import type { ExplanationJson } from './explain-record.js';
import { payloadText } from './payload-text.js';

/** A record of a running gateway, with what the rules in force made of it. It is plain JSON. */
export interface FollowedRecord extends ExplanationJson {
  readonly clientId: string;
  /** The user that the publisher has signed in as, if any. */
  readonly user?: string;
  readonly qos: 0 | 1 | 2;
  readonly receivedAt: string;
  /** What the publisher says of the message (MQTT 5), cut; absent without. */
  readonly properties?: ShownProperties;
  /** The beginning of the payload. */
  readonly payload: string;
  /** The whole payload, where the follower asks for it and it is not larger than MAX_WHOLE_PAYLOAD_BYTES. */
  readonly payloadBase64?: string;
}

/** What a follower gets at once. */
export interface FollowedRecords {
  /** FollowedRecords as JSON texts. */
  readonly records: readonly string[];
  /** How many records of its topics were not explained since the last time. */
  readonly skipped: number;
  /** No more will come. */
  readonly isEnded?: true;
}

/** Of a record with a larger explanation only the beginning of each part is kept. */
const MAX_CHARACTERS = 128 * 1024;
const MAX_LISTED = 10;
const MAX_LINE_CHARACTERS = 1_000;

/** The largest payload that a follower gets as a whole: what `consumer.payload.maxSize` accepts by default. */
export const MAX_WHOLE_PAYLOAD_BYTES = 64 * 1024;

export function followedJson(
  record: StreamRecord,
  explanation: ExplanationJson,
  withPayload = false,
): string {
  const { clientId, user, qos, receivedAtNs, payload, properties } = record;
  const { topic, ...explained } = explanation;
  // Of a refused one it may be the beginning.
  const isWhole = withPayload && record.refused === undefined && payload.length <= MAX_WHOLE_PAYLOAD_BYTES;
  const about = {
    topic,
    clientId,
    user: user || undefined,
    qos,
    receivedAt: isoTime(receivedAtNs),
    properties: properties && shownProperties(properties),
    payload: payloadText(payload),
    ...(isWhole && { payloadBase64: payload.toString('base64') }),
  };
  const json = JSON.stringify({ ...about, ...explained });
  if (json.length <= MAX_CHARACTERS) return json;
  const { values, moreValues = 0, unused, types, lines, windows, tried } = explained;
  return JSON.stringify({
    ...about,
    ...explained,
    tried: tried.slice(0, MAX_LISTED),
    values: values.slice(0, MAX_LISTED),
    moreValues: moreValues + Math.max(0, values.length - MAX_LISTED),
    unused: unused.slice(0, MAX_LISTED),
    types: types?.slice(0, MAX_LISTED),
    windows: windows?.slice(0, MAX_LISTED),
    lines: lines.slice(0, MAX_LISTED).map((line) => line.slice(0, MAX_LINE_CHARACTERS)),
  });
}
