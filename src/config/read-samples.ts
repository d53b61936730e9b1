import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorText } from '../lib/errors.js';
import type { MessageProperties } from '../lib/message-properties.js';
import { nearestName } from '../lib/nearest-name.js';
import { printable } from '../lib/printable.js';
import { propertiesOfJson } from '../lib/properties-json.js';
import { parseRfc3339 } from '../lib/rfc3339.js';
import { type ConfigProblem, formatKey, type KeyPath, type SourceLocation } from './problem.js';
import { readPlainYaml } from './read-yaml.js';
import type { YamlSource } from './yaml-source.js';

/** A recorded message and what the rules should make of it. */
export interface Sample {
  readonly name: string;
  readonly location: SourceLocation;
  readonly topic: string;
  readonly clientId: string;
  /** Absent: as without access rules. */
  readonly user?: string;
  /** What the publisher says of the message (MQTT 5). */
  readonly properties?: MessageProperties | undefined;
  readonly qos: 0 | 1 | 2;
  readonly receivedAtNs: bigint;
  /** Whether the case names its receive time. */
  readonly hasReceivedAt: boolean;
  readonly payload: Buffer;
  /** Absent in a case whose outcome is not known yet. */
  readonly expected?: ExpectedOutcome;
}

export interface ExpectedOutcome {
  /** The points as line protocol; a line without a time accepts any. */
  readonly lines?: readonly string[];
  /** The name under which the record is counted as filtered. */
  readonly filtered?: string;
  /** The code for which the record is parked. */
  readonly parked?: string;
}

export interface Samples {
  readonly samples: readonly Sample[];
  readonly problems: readonly ConfigProblem[];
}

/** The receive time of a case without one: the same at every run, so that its lines are too. */
const DEFAULT_RECEIVED_AT = '2026-01-01T00:00:00Z';

const KEYS = [
  'name',
  'topic',
  'payload',
  'payloadFile',
  'clientId',
  'user',
  'properties',
  'qos',
  'receivedAt',
  'expect',
];
const OUTCOMES = ['lines', 'filtered', 'parked'];

/** Reads the cases of one file, a list in YAML, and the payload files that it names. Never throws. */
export function readSamples(file: string): Samples {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    return {
      samples: [],
      problems: [{ file, key: '', expected: 'a file that can be read', hint: errorText(thrown) }],
    };
  }
  const source = readPlainYaml(text, file);
  if (source.problems.length > 0) return { samples: [], problems: source.problems };
  if (!Array.isArray(source.value)) {
    const expected = 'a list of cases: each begins with a dash, and has a topic, a payload and expect';
    return { samples: [], problems: [{ file, key: '', expected }] };
  }
  const reader = new SampleReader(file, source);
  const samples = source.value.map((value, index) => reader.read(value, index));
  return { samples, problems: reader.problems };
}

class SampleReader {
  readonly problems: ConfigProblem[] = [];
  readonly #file: string;
  readonly #source: YamlSource;

  constructor(file: string, source: YamlSource) {
    this.#file = file;
    this.#source = source;
  }

  /** A case with problems comes back with something in the place of what is wrong. */
  read(value: unknown, index: number): Sample {
    const path = [index];
    const section = this.#section(value, path, KEYS);
    return {
      name: this.#text(section, [...path, 'name'], '') || `case ${index + 1}`,
      location: this.#source.locationOf(path),
      topic: this.#text(section, [...path, 'topic']),
      clientId: this.#text(section, [...path, 'clientId'], ''),
      user: this.#text(section, [...path, 'user'], '') || undefined,
      properties: this.#properties(section.properties, [...path, 'properties']),
      qos: this.#qos(section.qos, [...path, 'qos']),
      receivedAtNs: this.#time(section, [...path, 'receivedAt']),
      hasReceivedAt: section.receivedAt !== undefined,
      payload: this.#payload(section, path),
      expected: section.expect === undefined ? undefined : this.#outcome(section.expect, [...path, 'expect']),
    };
  }

  #properties(value: unknown, path: KeyPath): MessageProperties | undefined {
    if (value === undefined) return undefined;
    const read = propertiesOfJson(value);
    if (typeof read !== 'string') return read;
    this.#add(path, `message properties as explain shows them: ${read}`);
    return undefined;
  }

  #section(value: unknown, path: KeyPath, known: readonly string[]): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#add(path, `a section with the keys ${known.join(', ')}`);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const nearest = nearestName(key, known);
      const hint = nearest === undefined ? undefined : `did you mean "${nearest}"?`;
      this.#add([...path, key], `the keys ${known.join(', ')}`, { got: 'an unknown key', hint });
    }
    return value as Readonly<Record<string, unknown>>;
  }

  #text(section: Readonly<Record<string, unknown>>, path: KeyPath, fallback?: string): string {
    const value = section[path.at(-1)!];
    if (typeof value === 'string' && value !== '') return value;
    if (value === undefined && fallback !== undefined) return fallback;
    this.#add(path, value === undefined ? 'a text; it is missing' : 'a text');
    return '';
  }

  #qos(value: unknown, path: KeyPath): 0 | 1 | 2 {
    if (value === undefined) return 1;
    if (value === 0 || value === 1 || value === 2) return value;
    this.#add(path, '0, 1 or 2');
    return 1;
  }

  #time(section: Readonly<Record<string, unknown>>, path: KeyPath): bigint {
    const read = parseRfc3339(this.#text(section, path, DEFAULT_RECEIVED_AT));
    if (read.ok) return read.ns;
    if (typeof section.receivedAt === 'string') this.#add(path, `RFC 3339, such as ${DEFAULT_RECEIVED_AT}`);
    return 0n;
  }

  /** A text is sent as it is; anything else as JSON. */
  #payload(section: Readonly<Record<string, unknown>>, path: KeyPath): Buffer {
    const { payload, payloadFile } = section;
    if ((payload === undefined) === (payloadFile === undefined)) {
      this.#add(path, 'either payload or payloadFile');
      return Buffer.alloc(0);
    }
    if (payloadFile === undefined) {
      return Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    }
    const filePath = [...path, 'payloadFile'];
    const name = this.#text(section, filePath);
    try {
      return name === '' ? Buffer.alloc(0) : readFileSync(resolve(dirname(this.#file), name));
    } catch (thrown) {
      this.#add(filePath, 'a file that can be read', { hint: errorText(thrown) });
      return Buffer.alloc(0);
    }
  }

  #outcome(value: unknown, path: KeyPath): ExpectedOutcome {
    const section = this.#section(value, path, OUTCOMES);
    const { lines } = section;
    const areLines = Array.isArray(lines) && lines.every((line) => typeof line === 'string');
    if (lines !== undefined && !areLines) this.#add([...path, 'lines'], 'a list of lines, each in quotes');
    const isOne = (section.filtered === undefined) !== (section.parked === undefined && lines === undefined);
    if (!isOne) this.#add(path, 'one of lines, filtered and parked; lines and parked may be together');
    return {
      lines: areLines ? lines : undefined,
      filtered: section.filtered === undefined ? undefined : this.#text(section, [...path, 'filtered']),
      parked: section.parked === undefined ? undefined : this.#text(section, [...path, 'parked']),
    };
  }

  #add(path: KeyPath, expected: string, more: Pick<ConfigProblem, 'got' | 'hint'> = {}): void {
    this.problems.push({
      ...this.#source.locationOf(path),
      key: printable(formatKey(path), 200),
      expected,
      ...more,
    });
  }
}
