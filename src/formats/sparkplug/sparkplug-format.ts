import { errorText } from '../../lib/errors.js';
import { oneLine, quoted } from '../../lib/printable.js';
import { tooLarge } from '../decode-utf8.js';
import { decodeJson } from '../json/decode-json.js';
import type { JsonLimits, JsonObject } from '../json/json-value.js';
import {
  type Decoded,
  type FormatNote,
  type PayloadFormat,
  type Rejected,
  rejected,
} from '../payload-format.js';
import { BIRTH_LIMITS, type BirthLimits, SparkplugBirths } from './sparkplug-births.js';
import { holdsExact, readMetrics } from './sparkplug-metrics.js';
import { parseSparkplugTopic, type SparkplugType } from './sparkplug-topic.js';
import { plainInteger } from './sparkplug-value.js';
import { readPayload, WireFailure, type WirePayload } from './sparkplug-wire.js';

/** Sparkplug B 3.0, with the births in the state of mapping. The value of a message has one form for all types. */
export function createSparkplugFormat(birthLimits: BirthLimits = BIRTH_LIMITS): PayloadFormat {
  return {
    name: 'sparkplug',
    decode(payload, context) {
      const { limits } = context;
      const topic = parseSparkplugTopic(context.topic);
      if (topic === undefined) {
        return rejected('payload-not-decodable', `the topic ${quoted(context.topic)} is none of Sparkplug B`);
      }
      if (topic.type === 'STATE') return decodeState(topic.host, payload, limits);
      const wire = read(payload, limits);
      if ('ok' in wire) return wire;
      const births = new SparkplugBirths(context.state, birthLimits);
      return decodeMessage(wire, { ...topic, births, limits });
    },
  };
}

/** With the bounds that always hold. */
export const sparkplugFormat = createSparkplugFormat();

interface Message {
  readonly type: SparkplugType;
  readonly group: string;
  readonly node: string;
  readonly device?: string;
  readonly births: SparkplugBirths;
  readonly limits: JsonLimits;
}

function decodeMessage(wire: WirePayload, message: Message): Decoded {
  const { type, group, node, device, births, limits } = message;
  const key = `${group}/${node}`;
  const known = {
    byAlias: (alias: string) => births.byAlias(key, device, alias),
    byName: (name: string) => births.byName(key, device, name),
  };
  const isBirth = type === 'NBIRTH' || type === 'DBIRTH';
  const isDeath = type === 'NDEATH' || type === 'DDEATH';
  const isData = type === 'NDATA' || type === 'DDATA';
  const read = readMetrics(wire, isBirth ? NOTHING_KNOWN : known, limits, !isBirth && !isData);
  const bdSeq = isBirth || isDeath ? bdSeqOf(wire) : undefined;
  const notes: FormatNote[] = [];
  if (read.ok && isBirth) {
    const gone =
      type === 'NBIRTH'
        ? births.nodeBorn(key, bdSeq === undefined ? null : String(bdSeq), read.born)
        : births.deviceBorn(key, device!, read.born);
    if (gone > 0) notes.push('sparkplug-birth-forgotten');
  }
  // Commands and the death of a node have none; a message that is refused counts too.
  const hasSequence = wire.seq !== undefined && type !== 'NDEATH' && (isBirth || isDeath || isData);
  const seqGap = hasSequence
    ? births.sequenceGap(key, Number(BigInt.asUintN(8, wire.seq)), type === 'NBIRTH')
    : 0;
  if (!read.ok) return read;
  if (seqGap > 0) notes.push('sparkplug-sequence-gap');
  const bornWith = births.bdSeqOf(key);
  const isOld = type === 'NDEATH' && bdSeq !== undefined && bornWith != null && bornWith !== String(bdSeq);
  const value: JsonObject = {
    type,
    group,
    node,
    ...(device !== undefined && { device }),
    ...(wire.timestamp !== undefined && { timestamp: plainInteger(wire.timestamp) }),
    ...(wire.seq !== undefined && { seq: plainInteger(wire.seq) }),
    ...(seqGap > 0 && { seqGap }),
    ...(bdSeq !== undefined && { bdSeq: plainInteger(bdSeq) }),
    ...(isOld && { isOld }),
    metrics: isDeath ? [] : read.metrics,
  };
  return {
    ok: true,
    value,
    holdsExact: holdsExact(value),
    ...(read.isRepaired && { repaired: ['nan'] }),
    ...(notes.length > 0 && { notes }),
  };
}

/** A birth explains itself. */
const NOTHING_KNOWN = { byAlias: () => undefined, byName: () => undefined };

/** The number that pairs the death of a node with its birth. */
function bdSeqOf({ metrics }: WirePayload): bigint | undefined {
  const value = metrics.find(({ name }) => name === 'bdSeq')?.value;
  return value?.kind === 'int' || value?.kind === 'long' ? BigInt(value.value) : undefined;
}

function read(payload: Buffer, limits: JsonLimits): WirePayload | Rejected {
  if (payload.length > limits.maxPayloadBytes) return tooLarge(payload.length, limits.maxPayloadBytes);
  try {
    return readPayload(payload, { maxMetrics: 4 * limits.maxKeys, maxProperties: limits.maxKeys });
  } catch (error) {
    const code = error instanceof WireFailure ? error.code : 'payload-not-decodable';
    return rejected(code, `the payload is not Sparkplug B: ${oneLine(errorText(error))}`);
  }
}

/** What a host says of itself is JSON. */
function decodeState(host: string, payload: Buffer, limits: JsonLimits): Decoded {
  const decoded = decodeJson(payload, limits);
  if (!decoded.ok) return decoded;
  const { value: state, holdsExact: isExact } = decoded;
  return { ok: true, value: { type: 'STATE', host, state, metrics: [] }, holdsExact: isExact };
}
