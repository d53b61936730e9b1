import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { loadConfig } from '../config/load-config.js';
import { SystemClock } from '../lib/clock.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { parseRfc3339 } from '../lib/rfc3339.js';
import { explainRecord, explanationJson, formatExplanation } from '../rules/explain-record.js';
import { compileOrThrow } from '../rules/rule-set.js';
import { newLineText } from '../sink/influx/line.js';
import type { ExplainOptions } from './options.js';

/** Runs `sluice explain`: previews how a record is mapped. It reads the configuration and connects to nothing. */
export async function explain(options: ExplainOptions): Promise<number> {
  const config = await loadConfig(options.config, { secrets: 'optional' });
  const rules = compileOrThrow(config.rules, config.mapping);
  const record = {
    receivedAtNs: receivedAtNs(options.receivedAt),
    topic: options.topic,
    clientId: options.clientId,
    qos: options.qos,
    payload: await payloadOf(options.payload),
  };
  const explanation = explainRecord(rules, record, newLineText(), config.consumer.payload);
  const text = options.json
    ? JSON.stringify(explanationJson(explanation), null, 2)
    : formatExplanation(explanation);
  process.stdout.write(`${text}\n`);
  return 0;
}

function receivedAtNs(written: string | undefined): bigint {
  if (written === undefined) return new SystemClock().nowNs();
  const read = parseRfc3339(written);
  if (read.ok) return read.ns;
  throw new SluiceError(
    'USAGE_INVALID',
    `--received-at: got ${JSON.stringify(written)}, expected RFC 3339, such as 2026-03-01T12:00:00Z`,
  );
}

async function payloadOf(written: string): Promise<Buffer> {
  if (written === '-') return buffer(process.stdin);
  if (!written.startsWith('@')) return Buffer.from(written);
  try {
    return await readFile(written.slice(1));
  } catch (thrown) {
    throw new SluiceError('USAGE_INVALID', `--payload: the file cannot be read: ${errorText(thrown)}`);
  }
}
