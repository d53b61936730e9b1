import { isJsonObject, type JsonObject, type JsonValue, kindOf } from '../json/json-value.js';

/** What the labels of a record hold (RFC 8428, table 1). */
const LABEL_KINDS = {
  bver: 'a number',
  bn: 'a string',
  bt: 'a number',
  bu: 'a string',
  bv: 'a number',
  bs: 'a number',
  n: 'a string',
  u: 'a string',
  v: 'a number',
  vs: 'a string',
  vb: 'a boolean',
  s: 'a number',
  t: 'a number',
  ut: 'a number',
  vd: 'a string',
} as const;
export type SenmlLabel = keyof typeof LABEL_KINDS;

/** The integers that stand for labels in CBOR (RFC 8428, table 4). */
const CBOR_LABELS: Readonly<Record<string, SenmlLabel>> = {
  '-1': 'bver',
  '-2': 'bn',
  '-3': 'bt',
  '-4': 'bu',
  '-5': 'bv',
  '-6': 'bs',
  '0': 'n',
  '1': 'u',
  '2': 'v',
  '3': 'vs',
  '4': 'vb',
  '5': 's',
  '6': 't',
  '7': 'ut',
  '8': 'vd',
};

/** The known labels of a record; each has a value of its kind. */
export type SenmlRecord = { readonly [Label in SenmlLabel]?: JsonValue };

/** Takes the known labels of a record; text says what is wrong with it. */
export function recordOf(value: JsonValue, isCbor: boolean): SenmlRecord | string {
  if (!isJsonObject(value)) return `it is ${kindOf(value)} instead of an object`;
  const record: { [Label in SenmlLabel]?: JsonValue } = {};
  for (const [key, member] of Object.entries(value)) {
    const label = labelOf(key, isCbor);
    if (label === undefined) {
      // RFC 8428, 4.4: such a field changes what the others mean.
      if (key.endsWith('_')) return `it has the label "${key}", which must be understood and is not known`;
      continue;
    }
    if (record[label] !== undefined) return `it has the label ${label} twice`;
    if (kindOf(member) !== LABEL_KINDS[label]) {
      return `${label} is ${kindOf(member)} instead of ${LABEL_KINDS[label]}`;
    }
    record[label] = member;
  }
  return record;
}

function labelOf(key: string, isCbor: boolean): SenmlLabel | undefined {
  if (isCbor && Object.hasOwn(CBOR_LABELS, key)) return CBOR_LABELS[key];
  return Object.hasOwn(LABEL_KINDS, key) ? (key as SenmlLabel) : undefined;
}

/** The members of a record that is resolved, without those that are undefined. */
export function definedMembers(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}
