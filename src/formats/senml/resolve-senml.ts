import type { ParkCode } from '../../dead-letter/park-codes.js';
import { decimalNumber } from '../decimal-number.js';
import { ExactNumber, type JsonObject, type JsonValue } from '../json/json-value.js';
import { type Decoded, type Rejected, rejected } from '../payload-format.js';
import { type Decimal, decimalOf, literalOf, nsOf, sumOf, ZERO } from './decimal.js';
import { definedMembers, recordOf, type SenmlRecord } from './senml-labels.js';

/** The version of SenML that RFC 8428 defines. */
const VERSION = 10;
/** A smaller time is relative to now (RFC 8428, 4.5.3). */
const FIRST_ABSOLUTE_NS = 2n ** 28n * 1_000_000_000n;
const BASE64URL = /^[A-Za-z0-9_-]*={0,2}$/;

export interface ResolveOptions {
  readonly isCbor: boolean;
  /** "Now". */
  readonly receivedAtNs: bigint;
  /** Of all names together: a base name is repeated in every record. */
  readonly maxNameUnits: number;
}

/**
 * Resolves a SenML pack (RFC 8428, 4.6): base values hold for their own record and all later ones, until another replaces
 * them. The records stay in their order. One that is wrong rejects the pack, because it may change what the others mean.
 */
export function resolveSenml(pack: JsonValue, options: ResolveOptions): Decoded {
  if (!Array.isArray(pack) || pack.length === 0) {
    return rejected('payload-not-decodable', 'a SenML pack is a list of at least one record');
  }
  const resolver = new Resolver(options);
  const records: JsonObject[] = [];
  for (const [index, value] of pack.entries()) {
    const record = recordOf(value, options.isCbor);
    const resolved = typeof record === 'string' ? notDecodable(record) : resolver.resolve(record);
    if (resolved instanceof Failure) {
      return rejectedAt(index, resolved);
    }
    if (resolved !== undefined) records.push(resolved);
  }
  // The times are exact.
  return { ok: true, value: records, holdsExact: records.length > 0 };
}

class Failure {
  readonly code: ParkCode;
  readonly problem: string;

  constructor(code: ParkCode, problem: string) {
    this.code = code;
    this.problem = problem;
  }
}

function notDecodable(problem: string): Failure {
  return new Failure('payload-not-decodable', problem);
}

function rejectedAt(index: number, { code, problem }: Failure): Rejected {
  return rejected(code, `record ${index + 1} of the SenML pack: ${problem}`);
}

/** Keeps the base values, and adds them to one record after the other. */
class Resolver {
  readonly #options: ResolveOptions;
  #version: number | undefined;
  #name: string | undefined;
  #unit: JsonValue | undefined;
  #time = ZERO;
  #value: Decimal | undefined;
  #sum: Decimal | undefined;
  #nameUnits = 0;

  constructor(options: ResolveOptions) {
    this.#options = options;
  }

  /** Undefined for a record that has base values only. */
  resolve(record: SenmlRecord): JsonObject | undefined | Failure {
    const failure = this.#takeBase(record);
    if (failure !== undefined) return failure;
    const { n, u, v, vs, vb, vd, s, t, ut } = record;
    const labels = Object.keys(record);
    if (labels.length > 0 && labels.every((label) => label.startsWith('b'))) return undefined;
    const name = `${this.#name ?? ''}${(n as string | undefined) ?? ''}`;
    if (name === '') return notDecodable('it has no name');
    this.#nameUnits += name.length;
    if (this.#nameUnits > this.#options.maxNameUnits) {
      return new Failure(
        'payload-too-large',
        `the names have more than ${this.#options.maxNameUnits} characters`,
      );
    }
    const values = [v, vs, vb, vd].filter((one) => one !== undefined).length;
    if (values > 1) return notDecodable('it has more than one of v, vs, vb and vd');
    const hasBaseValueAlone = values === 0 && s === undefined && this.#value !== undefined;
    const sum = s !== undefined || this.#sum !== undefined ? added(this.#sum, s) : undefined;
    if (values === 0 && sum === undefined && !hasBaseValueAlone) return notDecodable('it has no value');
    const value = v !== undefined || hasBaseValueAlone ? added(this.#value, v) : undefined;
    const data = vd === undefined ? undefined : this.#data(vd as string);
    const time = this.#timeOf(t);
    for (const one of [value, sum, data, time]) if (one instanceof Failure) return one;
    return definedMembers({
      name,
      base: this.#name,
      label: n,
      unit: u ?? this.#unit,
      time: time as ExactNumber,
      value: value as JsonValue | undefined,
      string: vs,
      boolean: vb,
      data: data as string | undefined,
      sum: sum as JsonValue | undefined,
      updateTime: ut,
    });
  }

  #takeBase({ bver, bn, bt, bu, bv, bs }: SenmlRecord): Failure | undefined {
    if (bver !== undefined) {
      const version = Number(bver instanceof ExactNumber ? bver.toNumber() : bver);
      if (!Number.isInteger(version) || version < 1) return notDecodable('bver is no version');
      if (version > VERSION) return notDecodable(`bver is ${version}; versions up to ${VERSION} are known`);
      if (this.#version !== undefined && version !== this.#version) {
        return notDecodable(`bver is ${version}, and ${this.#version} before`);
      }
      this.#version = version;
    }
    if (bn !== undefined) this.#name = bn as string;
    if (bu !== undefined) this.#unit = bu;
    if (bt !== undefined) this.#time = decimal(bt);
    if (bv !== undefined) this.#value = decimal(bv);
    if (bs !== undefined) this.#sum = decimal(bs);
    return undefined;
  }

  #timeOf(t: JsonValue | undefined): ExactNumber | Failure {
    const ns = nsOf(t === undefined ? this.#time : sumOf(this.#time, decimal(t)));
    const absolute = ns === undefined || ns >= FIRST_ABSOLUTE_NS ? ns : this.#options.receivedAtNs + ns;
    if (absolute !== undefined) return new ExactNumber(String(absolute));
    return new Failure('payload-number-out-of-range', 'its time does not fit into 64 bits of nanoseconds');
  }

  /** CBOR has bytes here, which are base64 already. */
  #data(vd: string): string | Failure {
    if (this.#options.isCbor) return vd;
    if (!BASE64URL.test(vd)) return notDecodable('vd is not base64 with the characters of URLs');
    return Buffer.from(vd, 'base64url').toString('base64');
  }
}

/** A number that the labels have checked. */
function decimal(value: JsonValue): Decimal {
  return decimalOf(value as number | ExactNumber);
}

/** Adds a base value; a value alone stays as it was written. */
function added(base: Decimal | undefined, value: JsonValue | undefined): JsonValue | Failure {
  if (base === undefined) return value ?? 0;
  const sum = decimalNumber(literalOf(value === undefined ? base : sumOf(base, decimal(value))));
  if (typeof sum !== 'string') return sum;
  return new Failure('payload-number-out-of-range', `a value with its base is too ${sum} for a 64-bit float`);
}
