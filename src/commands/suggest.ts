import { writeFile } from 'node:fs/promises';
import { SystemClock } from '../lib/clock.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { topicNameFault } from '../lib/mqtt-names.js';
import { sluiceCommand } from '../lib/package-root.js';
import { oneLine } from '../lib/printable.js';
import { type Suggestion, suggestRules } from '../suggest/suggest-rules.js';
import { countsText } from '../suggest/try-rules.js';
import type { SuggestOptions } from './options.js';
import { MAX_SAMPLE_BYTES, MAX_SAMPLES, type SampleCollection } from './sample-collection.js';
import { followMessages } from './suggest-follow.js';
import { parkedMessages } from './suggest-parked.js';
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
  const fault = topic === undefined ? undefined : topicNameFault(topic)?.detail;
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
  return parkedMessages({ config, code, topic });
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
  { text, topics, groups, empty, notUnderstood, notGrouped, counts }: Suggestion,
  { output = 'suggested.yaml' }: SuggestOptions,
): string[] {
  const bound = isFull ? ` (no more than ${MAX_SAMPLES}, or ${MAX_SAMPLE_BYTES / 2 ** 20} MiB)` : '';
  const read = `${counted(messages.length, 'message')} of ${counted(topics, 'topic')} read${bound}`;
  const others = [
    ...(empty > 0 ? [`${counted(empty, 'message')} without a payload, as they clear retained ones`] : []),
    ...(notUnderstood.length > 0
      ? [
          `${counted(notUnderstood.length, 'message')} in no format that was recognised: ${topicsOf(notUnderstood)}`,
        ]
      : []),
    ...(notGrouped.length > 0
      ? [
          `${counted(notGrouped.length, 'message')} in more groups than are suggested for: ${topicsOf(notGrouped)}`,
        ]
      : []),
  ];
  if (text === undefined) return [`${read}: there is nothing to suggest a rule for`, ...others];
  const check = sluiceCommand(`check -c ${output}`);
  const explain = sluiceCommand(`explain -c ${output} --file …`);
  return [
    `${read}, ${counted(groups, 'group')} of topics`,
    ...others,
    `by the suggested rules: ${countsText(counts)}`,
    ...counts.reasons.map((reason) => `  ${oneLine(reason)}`),
    `next: read it and correct it, then ${check}, and ${explain}`,
  ];
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function topicsOf(messages: readonly { readonly topic: string }[]): string {
  const topics = [...new Set(messages.map(({ topic }) => oneLine(topic)))];
  return topics.slice(0, MAX_SHOWN).join(', ') + (topics.length > MAX_SHOWN ? ' …' : '');
}

function wrongUsage(message: string): SluiceError {
  return new SluiceError('USAGE_INVALID', `${message} (--help shows the usage)`);
}
