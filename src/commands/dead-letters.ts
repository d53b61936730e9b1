import { join } from 'node:path';
import { loadDataDirectory } from '../config/load-config.js';
import { listParked } from '../dead-letter/dead-letter-reader.js';
import { type ParkedRecord, parkedJson } from '../dead-letter/parked-record.js';
import { sluiceCommand } from '../lib/package-root.js';
import { printable } from '../lib/printable.js';
import { propertyLines, shownProperties } from '../lib/properties-json.js';
import { onlyCountedLine } from './only-counted.js';
import type { DeadLetterListOptions, DeadLetterShowOptions } from './options.js';
import { textTable } from './text-table.js';

/** `sluice dead-letters list` prints parked records, newest first, as a table or as JSON lines. A gateway may be running. */
export async function listDeadLetters(options: DeadLetterListOptions): Promise<number> {
  const dataDirectory = await loadDataDirectory(options.config);
  const directory = join(dataDirectory, 'dead-letter');
  const damagedFiles = new Set<string>();
  const filter = { code: options.code, topic: options.topic, user: options.user };
  const parked = await listParked(directory, options.limit, filter, (file) => damagedFiles.add(file));
  for (const file of damagedFiles) {
    process.stderr.write(`${file} has lines that cannot be read; the records in them are not listed.\n`);
  }
  if (options.json) {
    for (const one of parked) process.stdout.write(`${JSON.stringify(parkedJson(one))}\n`);
    return 0;
  }
  process.stdout.write(parked.length === 0 ? `No parked records in ${directory}.\n` : table(parked));
  if (parked.length === options.limit)
    process.stdout.write(`(the newest ${options.limit}; --limit shows more)\n`);
  if (options.topic === undefined && options.user === undefined)
    process.stdout.write(await onlyCountedLine(dataDirectory, options.code));
  return 0;
}

/** `sluice dead-letters show <id>` prints one record with its payload. */
export async function showDeadLetter(id: string, options: DeadLetterShowOptions): Promise<number> {
  const [parked] = await listParked(await deadLetterDirectory(options.config), 1, { id });
  if (parked === undefined) {
    process.stderr.write(
      `No parked record has the id ${printable(id, 64)}; \`${sluiceCommand('dead-letters list')}\` shows them.\n`,
    );
    return 1;
  }
  if (options.json) {
    process.stdout.write(`${JSON.stringify(parkedJson(parked), null, 2)}\n`);
    return 0;
  }
  process.stdout.write(details(parked));
  return 0;
}

async function deadLetterDirectory(configFile: string | undefined): Promise<string> {
  return join(await loadDataDirectory(configFile), 'dead-letter');
}

/** Topics and payloads come from devices: `printable` keeps their control characters away from the terminal. */
function table(parked: readonly ParkedRecord[]): string {
  const rows = parked.map((one) => [
    one.id,
    receivedAt(one),
    one.code,
    printable(one.topic, 48),
    `${printable(one.reason, 160)}${notKept(one)}`,
  ]);
  const heads = ['ID', 'RECEIVED', 'CODE', 'TOPIC', 'REASON'];
  return `${textTable(heads, rows).join('\n')}\n`;
}

function details(parked: ParkedRecord): string {
  const json = parkedJson(parked);
  const payload = payloadText(parked, json);
  const lines = [
    `id         ${parked.id}`,
    `received   ${receivedAt(parked)}`,
    `parked     ${new Date(parked.parkedAtMs).toISOString()}`,
    `topic      ${printable(parked.topic, 1024)}`,
    `client id  ${printable(parked.clientId, 256)}`,
    ...(parked.user === undefined ? [] : [`user       ${printable(parked.user, 256)}`]),
    `QoS        ${parked.qos}`,
    ...(parked.properties === undefined ? [] : propertyLines(shownProperties(parked.properties))).map(
      (line) => `property   ${printable(line, 1024)}`,
    ),
    ...(parked.rule === undefined ? [] : [`rule       ${parked.rule}`]),
    `code       ${parked.code}`,
    `reason     ${printable(parked.reason, 2048)}`,
    ...(parked.refusedPoints ?? []).map(
      ({ index, code, reason }) => `  point ${index}: ${code}: ${printable(reason, 1024)}`,
    ),
    `payload    ${payload}`,
  ];
  return `${lines.join('\n')}\n`;
}

function notKept({ bytesNotKept, payload }: ParkedRecord): string {
  if (bytesNotKept === undefined) return '';
  return payload.length === 0 ? ' (payload not kept)' : ' (not kept whole)';
}

function payloadText({ bytesNotKept, payload }: ParkedRecord, json: Record<string, unknown>): string {
  if (bytesNotKept !== undefined) {
    if (payload.length === 0) return `not kept (it had ${bytesNotKept} bytes)`;
    const { payloadStart: text, payloadStartBase64: base64 } = json;
    const start = typeof text === 'string' ? printable(text, 16_384) : `(binary, base64) ${String(base64)}`;
    return `${payload.length} of ${bytesNotKept} bytes are kept, so it cannot be replayed: ${start}`;
  }
  if (typeof json.payload === 'string') return printable(json.payload, 16_384);
  return `(binary, base64) ${String(json.payloadBase64)}`;
}

function receivedAt(parked: ParkedRecord): string {
  return new Date(Number(parked.receivedAtNs / 1_000_000n)).toISOString();
}
