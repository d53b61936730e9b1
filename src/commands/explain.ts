import { loadConfig } from '../config/load-config.js';
import { dataDirectory } from '../data-directory/data-directory.js';
import { savedStates } from '../ledger/saved-states.js';
import { SystemClock } from '../lib/clock.js';
import { DollarTopics } from '../lib/dollar-topics.js';
import { SluiceError } from '../lib/errors.js';
import type { MessageProperties } from '../lib/message-properties.js';
import { parseRfc3339 } from '../lib/rfc3339.js';
import { StateTables } from '../lib/state-tables.js';
import { explainRecord, explanationJson } from '../rules/explain-record.js';
import { compileOrThrow } from '../rules/rule-set.js';
import { newLineText } from '../sink/influx/line.js';
import type { StreamRecord } from '../stream/stream.js';
import { createExplainWindows } from '../windows/explain-windows.js';
import { explainFile } from './explain-file.js';
import { openInput, readPayload } from './explain-input.js';
import { type Explained, explainedJson, explainedText } from './explained-record.js';
import type { ExplainOptions } from './options.js';

type Input = AsyncIterable<Buffer | string> & { readonly isTTY?: boolean };

/** Runs `sluice explain`: previews how records are mapped, or shows how a running gateway maps them. */
export async function explain(options: ExplainOptions, stdin: Input = process.stdin): Promise<number> {
  checkUsage(options, stdin);
  if (options.follow !== undefined) {
    const { explainLive } = await import('./explain-live.js');
    return explainLive({ ...options, follow: options.follow });
  }
  const { topic, clientId, user, qos, file, format } = options;
  const properties = givenProperties(options);
  const receivedAtNs = receiveTime(options.receivedAt);
  const config = await loadConfig(options.config, { secrets: 'optional' });
  const rules = compileOrThrow(config.rules, config.mapping);
  const state = await rememberedState(config.dataDirectory);
  const lines = newLineText();
  const explainWindows = config.windows && createExplainWindows(config.windows);
  const dollarTopics = new DollarTopics(config.rules.map(({ topic }) => topic));
  // Which user publishes is not known here: `sluice check --as` answers for one.
  const hasRoles = config.broker.accessFile !== undefined;
  const explained = (record: StreamRecord): Explained => ({
    record,
    explanation: explanationJson(
      explainRecord(rules, record, lines, { limits: config.consumer.payload, state, explainWindows }),
    ),
    maxPacketBytes: config.broker.maxPacketBytes,
    isNamed: (level) => hasRoles || dollarTopics.isNamed(level),
  });
  if (file !== undefined) {
    const input = await openInput(file, '--file', stdin);
    return explainFile(
      input,
      { format, defaults: { topic, clientId, user, qos, receivedAtNs, properties }, json: options.json },
      explained,
    );
  }
  const payload = await payloadOf(options.payload, stdin);
  const one = explained({ receivedAtNs, topic: topic as string, clientId, user, qos, payload, properties });
  process.stdout.write(
    `${options.json ? JSON.stringify(explainedJson(one), null, 2) : explainedText(one)}\n`,
  );
  return 0;
}

/** What the gateway on this data directory remembered at its last checkpoint, such as births; nothing where there is none. */
async function rememberedState(root: string): Promise<StateTables> {
  try {
    return (await savedStates(dataDirectory(root), () => undefined)).overlay();
  } catch {
    return new StateTables();
  }
}

function checkUsage({ topic, payload, file, follow, count, timeout }: ExplainOptions, stdin: Input): void {
  const sources = [
    payload === undefined ? '' : '--payload',
    file === undefined ? '' : '--file',
    follow === undefined ? '' : '--follow',
  ];
  const given = sources.filter((source) => source !== '');
  if (given.length > 1) throw wrongUsage(`${given.join(' and ')} exclude each other`);
  if (follow !== undefined && topic !== undefined)
    throw wrongUsage('--follow names the topics; --topic is for one message');
  if (follow === undefined && (count !== undefined || timeout !== undefined)) {
    throw wrongUsage('--count and --timeout belong to --follow');
  }
  if (file !== undefined || follow !== undefined) return;
  if (topic === undefined) throw wrongUsage('--topic is needed, or --file or --follow');
  if (payload === undefined && stdin.isTTY === true) {
    throw wrongUsage('--payload is needed: text, @file, or a file on standard input');
  }
}

function wrongUsage(message: string): SluiceError {
  return new SluiceError('USAGE_INVALID', `${message} (--help shows the usage)`);
}

/** Undefined without any: the message is then one of MQTT 3.1.1. */
function givenProperties({ contentType, property }: ExplainOptions): MessageProperties | undefined {
  if (contentType === undefined && property === undefined) return undefined;
  return {
    ...(contentType !== undefined && { contentType }),
    ...(property !== undefined && { userProperties: property }),
  };
}

function receiveTime(written: string | undefined): bigint {
  if (written === undefined) return new SystemClock().nowNs();
  const read = parseRfc3339(written);
  if (read.ok) return read.ns;
  throw new SluiceError(
    'USAGE_INVALID',
    `--received-at: got ${JSON.stringify(written)}, expected RFC 3339, such as 2026-03-01T12:00:00Z`,
  );
}

async function payloadOf(written: string | undefined, stdin: Input): Promise<Buffer> {
  if (written === undefined) {
    const payload = await readPayload(stdin, 'standard input');
    // A script without a standard input has rather forgotten the payload than meant an empty one.
    if (payload.length === 0) throw wrongUsage('--payload is needed: standard input is empty');
    return payload;
  }
  if (written === '-') return readPayload(stdin, '--payload');
  if (!written.startsWith('@')) return Buffer.from(written);
  return readPayload(await openInput(written.slice(1), '--payload', stdin), '--payload');
}
