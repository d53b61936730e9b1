import { hasGoodChecksum } from './checked-line.js';
import type { ParkedRecord } from './parked-record.js';

/** What counting parked records needs of each. */
export type ParkedHead = Pick<ParkedRecord, 'code' | 'clientId' | 'user'>;

/** What grouping parked records needs of each. */
export interface ParkedOverview extends Pick<ParkedRecord, 'id' | 'parkedAtMs' | 'code' | 'rule' | 'topic'> {
  readonly isPayloadKept: boolean;
}

/** All keys but the payload are in front of it: in so many bytes, except with a very long topic or reason. */
const HEAD_BYTES = 1024;

const ID = '"id":"';
const PARKED_AT = '"parkedAt":"';
const CODE = '"code":"';
const RULE = '"rule":"';
const TOPIC = '"topic":"';
const USER = '"user":"';
const CLIENT_ID = '"clientId":"';
const NOT_KEPT = '"payloadKept":false';
/** In a line without payload this stands at most so far behind the client id. */
const NOT_KEPT_WITHIN = 32;

/**
 * Reads code and sender of an undamaged line without parsing its payload, which is several times faster. The keys cannot
 * be found inside a text, because JSON escapes its quotes. `undefined`: the line must be parsed to know.
 */
export function parkedHead(line: Buffer): ParkedHead | undefined {
  const head = line.toString('latin1', 0, HEAD_BYTES);
  const code = plainText(head, CODE, 0);
  const clientId = plainText(head, CLIENT_ID, code?.end ?? 0);
  if (code === undefined || clientId === undefined || !hasGoodChecksum(line)) return undefined;
  const userAt = head.indexOf(USER, code.end);
  const hasUser = userAt >= 0 && userAt < clientId.end;
  const user = hasUser ? plainText(head, USER, userAt) : undefined;
  if (hasUser && user === undefined) return undefined;
  return {
    code: code.text as ParkedRecord['code'],
    clientId: utf8Of(line, clientId),
    user: user && utf8Of(line, user),
  };
}

/** The same for what grouping needs. */
export function parkedOverview(line: Buffer): ParkedOverview | undefined {
  const head = line.toString('latin1', 0, HEAD_BYTES);
  const id = plainText(head, ID, 0);
  const parkedAt = plainText(head, PARKED_AT, id?.end ?? 0);
  const code = plainText(head, CODE, parkedAt?.end ?? 0);
  const topic = plainText(head, TOPIC, code?.end ?? 0);
  const clientId = plainText(head, CLIENT_ID, topic?.end ?? 0);
  if (id === undefined || parkedAt === undefined || code === undefined) return undefined;
  if (topic === undefined || clientId === undefined || !hasGoodChecksum(line)) return undefined;
  const ruleAt = head.indexOf(RULE, code.end);
  const rule = ruleAt < 0 ? undefined : plainText(head, RULE, ruleAt);
  const parkedAtMs = Date.parse(parkedAt.text);
  if ((ruleAt >= 0 && rule === undefined) || Number.isNaN(parkedAtMs)) return undefined;
  return {
    id: utf8Of(line, id),
    parkedAtMs,
    code: utf8Of(line, code) as ParkedRecord['code'],
    rule: rule && utf8Of(line, rule),
    topic: utf8Of(line, topic),
    isPayloadKept: !head.slice(clientId.end, clientId.end + NOT_KEPT_WITHIN).includes(NOT_KEPT),
  };
}

interface TextInHead {
  readonly text: string;
  readonly end: number;
}

/** A text of its own: a slice of the head would keep all of the head in memory. */
function utf8Of(line: Buffer, { text, end }: TextInHead): string {
  return line.toString('utf8', end - text.length, end);
}

/** The text behind a key, byte for byte, and where it ends; `undefined` when it has escapes, or is not wholly there. */
function plainText(head: string, key: string, from: number): TextInHead | undefined {
  const at = head.indexOf(key, from);
  const start = at + key.length;
  const end = head.indexOf('"', start);
  if (at < 0 || end < 0) return undefined;
  const text = head.slice(start, end);
  return text.includes('\\') ? undefined : { text, end };
}
