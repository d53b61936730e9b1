import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadDataDirectory } from '../config/load-config.js';
import { listParked } from '../dead-letter/dead-letter-reader.js';
import { SystemClock } from '../lib/clock.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { topicNameFault } from '../lib/mqtt-names.js';
import { sluiceCommand } from '../lib/package-root.js';
import { oneLine } from '../lib/printable.js';
import { type Suggestion, suggestRules } from '../suggest/suggest-rules.js';
import { countsText } from '../suggest/try-rules.js';
import type { SuggestOptions } from './options.js';
import { MAX_SAMPLE_BYTES, MAX_SAMPLES, SampleCollection } from './sample-collection.js';
import { followMessages } from './suggest-follow.js';
import { readSampleMessages } from './suggest-samples.js';
import { writeOut } from './write-out.js';

const DEFAULT_FOR_MS = 30_000;
const DEFAULT_MESSAGES = 200;
const MAX_SHOWN = 3;

/**
 * Runs `sluice suggest`: reads messages, and writes rules to start from. Resolves with the exit code: 1 when there is no message
 * that a rule could be made for.
 */
export async function suggest(
  options: SuggestOptions,
  stdin: AsyncIterable<Buffer | string> = process.stdin,
): Promise<number> {
  checkUsage(options);
  const collection = await collect(options, stdin);
  const suggestion = suggestRules(collection.messages);
  if (suggestion.text !== undefined) await write(suggestion.text, options);
  process.stderr.write(`${summary(collection, suggestion, options).join('\n')}\n`);
  return suggestion.text === undefined ? 1 : 0;
}

function checkUsage({
  samples,
  follow,
  deadLetter,
  topic,
  code,
  forMs,
  messages,
  whole,
}: SuggestOptions): void {
  const given = [
    ...(samples === undefined ? [] : ['--samples']),
    ...(follow === undefined ? [] : ['--follow']),
    ...(deadLetter ? ['--dead-letter'] : []),
  ];
  if (given.length > 1) throw wrongUsage(`${given.join(' and ')} exclude each other`);
  if (given.length === 0) throw wrongUsage('--samples is needed, or --follow or --dead-letter');
  if (code !== undefined && !deadLetter) throw wrongUsage('--code belongs to --dead-letter');
  if ((forMs !== undefined || messages !== undefined) && follow === undefined) {
    throw wrongUsage('--for and --messages belong to --follow');
  }
  if (topic !== undefined && follow !== undefined) throw wrongUsage('--follow names the topics itself');
  if (whole && (samples === undefined || topic === undefined))
    throw wrongUsage('--whole needs --samples and --topic');
  const fault = topic === undefined ? undefined : topicNameFault(topic);
  if (fault !== undefined) throw wrongUsage(`--topic: ${fault}`);
}

async function collect(
  options: SuggestOptions,
  stdin: AsyncIterable<Buffer | string>,
): Promise<SampleCollection> {
  const { samples, follow, topic, code, config, whole } = options;
  if (samples !== undefined) {
    const nowNs = new SystemClock().nowNs();
    return readSampleMessages({ samples, topic, isWhole: whole, nowNs }, stdin);
  }
  if (follow !== undefined) {
    const filter = follow === true ? '#' : follow;
    const { forMs = DEFAULT_FOR_MS, messages = DEFAULT_MESSAGES } = options;
    return followMessages({ config, filter, forMs, messages });
  }
  return parkedMessages(join(await loadDataDirectory(config), 'dead-letter'), { code, topic });
}

/** The newest parked records whose payload was kept, oldest first, as they came. */
async function parkedMessages(
  directory: string,
  filter: { readonly code?: string; readonly topic?: string },
): Promise<SampleCollection> {
  const collection = new SampleCollection();
  const parked = await listParked(directory, MAX_SAMPLES, filter);
  for (const { topic, clientId, qos, receivedAtNs, payload, bytesNotKept } of parked.reverse()) {
    if (bytesNotKept !== undefined) continue;
    collection.add({ topic, clientId, qos, receivedAtNs, payload, isReceiveTimeKnown: true });
  }
  return collection;
}

async function write(text: string, { output, force }: SuggestOptions): Promise<void> {
  if (output === undefined) return writeOut(text);
  try {
    await writeFile(output, text, { flag: force ? 'w' : 'wx' });
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'EEXIST') {
      throw new SluiceError('USAGE_INVALID', `--output: ${output} is there already; --force replaces it`);
    }
    throw new SluiceError('USAGE_INVALID', `--output: ${output} cannot be written: ${errorText(thrown)}`);
  }
}

function summary(
  { messages, isFull }: SampleCollection,
  { text, topics, groups, empty, notUnderstood, counts }: Suggestion,
  { output = 'suggested.yaml' }: SuggestOptions,
): string[] {
  const read = `${messages.length} messages of ${topics} topics read${isFull ? ` (no more than ${MAX_SAMPLES}, or ${MAX_SAMPLE_BYTES / 2 ** 20} MiB)` : ''}`;
  const others = [
    ...(empty > 0 ? [`${empty} have no payload: they clear retained messages`] : []),
    ...(notUnderstood.length > 0
      ? [`${notUnderstood.length} are in no format that was recognised: ${topicsOf(notUnderstood)}`]
      : []),
  ];
  if (text === undefined) return [`${read}: there is nothing to suggest a rule for`, ...others];
  return [
    `${read}, ${groups} ${groups === 1 ? 'group' : 'groups'} of topics`,
    ...others,
    `by the suggested rules: ${countsText(counts)}`,
    ...counts.reasons.map((reason) => `  ${oneLine(reason)}`),
    `next: read it and correct it, then ${sluiceCommand(`check -c ${output}`)}, and ${sluiceCommand(`explain -c ${output} --file …`)}`,
  ];
}

function topicsOf(messages: readonly { readonly topic: string }[]): string {
  const topics = [...new Set(messages.map(({ topic }) => oneLine(topic)))];
  return topics.slice(0, MAX_SHOWN).join(', ') + (topics.length > MAX_SHOWN ? ' …' : '');
}

function wrongUsage(message: string): SluiceError {
  return new SluiceError('USAGE_INVALID', `${message} (--help shows the usage)`);
}
