import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config/problem.js';
import { readSamples } from '../config/read-samples.js';
import { boundedLines } from '../lib/bounded-lines.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { SampleMessage } from '../suggest/sample-message.js';
import { MAX_LINE_BYTES, openInput, readRecordLine } from './explain-input.js';
import { SampleCollection } from './sample-collection.js';

interface SampleSource {
  readonly samples: string;
  /** The topic of payloads that come without one. */
  readonly topic?: string;
  /** Each file is one payload; otherwise each line is. */
  readonly isWhole: boolean;
  readonly nowNs: bigint;
}

const YAML = /\.ya?ml$/;

/** Reads the messages of `--samples`: a file, a directory, or standard input for `-`. Throws USAGE_INVALID. */
export async function readSampleMessages(
  source: SampleSource,
  stdin: AsyncIterable<Buffer | string>,
): Promise<SampleCollection> {
  const collection = new SampleCollection();
  if (source.samples === '-') await addLines(stdin, source, collection);
  else for (const file of filesOf(source.samples)) await addFile(file, source, collection);
  return collection;
}

function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
  } catch (thrown) {
    throw new SluiceError('USAGE_INVALID', `--samples: ${path} cannot be read: ${errorText(thrown)}`);
  }
}

async function addFile(file: string, source: SampleSource, collection: SampleCollection): Promise<void> {
  if (collection.isFull) return;
  if (YAML.test(file)) return addCases(file, collection);
  const isWhole = source.topic !== undefined && (source.isWhole || isOnePayload(file));
  if (!isWhole) return addLines(await openInput(file, '--samples', process.stdin), source, collection);
  collection.add(bare(source, readFileSync(file)));
}

/** Cases as `sluice check --samples` reads them; what they expect does not matter here. */
function addCases(file: string, collection: SampleCollection): void {
  const { samples, problems } = readSamples(file);
  if (problems.length > 0) throw new ConfigError(problems);
  for (const { topic, clientId, qos, receivedAtNs, payload, properties, hasReceivedAt } of samples) {
    collection.add({
      topic,
      clientId,
      qos,
      receivedAtNs,
      payload,
      properties,
      isReceiveTimeKnown: hasReceivedAt,
    });
  }
}

/** A file that is no text, or JSON over several lines, cannot be one payload a line. */
function isOnePayload(file: string): boolean {
  const bytes = readFileSync(file);
  if (!isUtf8(bytes)) return true;
  const text = bytes.toString('utf8').trim();
  if (!text.includes('\n')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function addLines(
  input: AsyncIterable<Buffer | string>,
  source: SampleSource,
  collection: SampleCollection,
): Promise<void> {
  if (source.isWhole && source.topic !== undefined) {
    const parts: Buffer[] = [];
    for await (const { bytes } of boundedLines(input, MAX_LINE_BYTES))
      if (bytes !== undefined) parts.push(bytes);
    collection.add(
      bare(
        source,
        Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from('\n'), part]))),
      ),
    );
    return;
  }
  for await (const { number, bytes } of boundedLines(input, MAX_LINE_BYTES)) {
    if (bytes?.length === 0) continue;
    const message = bytes === undefined ? `longer than ${MAX_LINE_BYTES} bytes` : messageIn(bytes, source);
    if (typeof message === 'string') process.stderr.write(`line ${number}: ${message}\n`);
    else if (!collection.add(message)) return;
  }
}

/** With a topic a line is a payload, unless it is a record: an object with a topic and a payload. */
function messageIn(line: Buffer, source: SampleSource): SampleMessage | string {
  const text = line.toString('utf8');
  const isRecord = /^\s*\{/.test(text) && /"payload(?:Base64)?"\s*:/.test(text) && /"topic"\s*:/.test(text);
  if (source.topic !== undefined && !isRecord) return bare(source, Buffer.from(line));
  const defaults = { clientId: '', qos: 1 as const, receivedAtNs: source.nowNs };
  const record = readRecordLine(line, 'auto', defaults);
  if (typeof record === 'string') return record;
  return { ...record, isReceiveTimeKnown: record.receivedAtNs !== source.nowNs };
}

function bare({ topic = '', nowNs }: SampleSource, payload: Buffer): SampleMessage {
  return { topic, clientId: '', qos: 1, receivedAtNs: nowNs, payload, isReceiveTimeKnown: false };
}
