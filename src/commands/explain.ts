import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { SystemClock } from '../clock.js';
import { loadConfig } from '../config/load-config.js';
import { explainRecord, explanationJson, formatExplanation } from '../consumer/explain.js';
import { parseRfc3339 } from '../consumer/rules/rfc3339.js';
import { compileRules } from '../consumer/rules/rule-set.js';
import { errorText, SluiceError } from '../errors.js';
import { newLineText } from '../sink/influx/line-text.js';
import type { ExplainOptions } from './options.js';

/** `sluice explain`: what the rules would make of one record. Reads the configuration, connects to nothing. */
export async function explain(options: ExplainOptions): Promise<number> {
  const config = await loadConfig(options.config);
  const compiled = compileRules(config.rules);
  // Loading has compiled them once: with problems it does not get here.
  if (!compiled.ok) throw new SluiceError('CONFIG_INVALID', 'the rules do not compile');
  const record = {
    receivedAtNs: receivedAtNs(options.receivedAt),
    topic: options.topic,
    clientId: options.clientId,
    qos: options.qos,
    payload: await payloadOf(options.payload),
  };
  const explanation = explainRecord(compiled.ruleSet, record, newLineText(), config.consumer.payload);
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
