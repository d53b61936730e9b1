import { isCounterName, timeNameScore } from './name-words.js';
import { numberOf, type Observed, referenceTo, scalarOf } from './observed.js';
import type { DraftEntry } from './rule-draft.js';
import type { SampleMessage } from './sample-message.js';
import { yamlList, yamlSection, yamlText } from './yaml-text.js';

const MIN_STEPS = 4;
const MIN_SHARE = 0.8;
const MIN_IDS = 3;

export interface FoundPolicies {
  readonly entries: readonly DraftEntry[];
  /** Paths of the counter and the message id, which are no tags. */
  readonly paths: ReadonlySet<readonly string[]>;
}

/** A counter that rises by one with each message of a device, and an id that comes again with the same payload. */
export function findPolicies(
  all: readonly Observed[],
  tags: readonly Observed[],
  captures: readonly string[],
): FoundPolicies {
  const counter = all.find((observed) => isCounter(observed, seriesOf(tags)));
  const id = all.find((observed) => observed !== counter && isMessageId(observed));
  const varying = tags.filter(({ seen }) => new Set(seen.map(({ value }) => scalarOf(value))).size > 1);
  const by = [
    ...captures.map((name) => `topic.${name}`),
    ...varying.map(({ base, path }) => referenceTo(base, path)),
  ];
  const paths = new Set([counter, id].flatMap((one) => (one === undefined ? [] : [one.path])));
  const entries: DraftEntry[] = [];
  if (counter !== undefined) {
    entries.push({
      key: 'gaps',
      value: yamlSection([
        ['counter', yamlText(referenceTo(counter.base, counter.path))],
        ...(by.length === 0 ? [] : [['by', yamlList(by)] as const]),
      ]),
      comment: 'it rises by one with each message of a device; write largest where it begins again',
    });
  }
  if (id !== undefined) {
    entries.push({
      key: 'duplicates',
      value: yamlSection([
        ['key', yamlText(referenceTo(id.base, id.path))],
        ['within', '10min'],
      ]),
      comment: 'messages with the same id and the same payload came more than once',
    });
  }
  return { entries, paths };
}

/** What tells the counters of devices apart: the topic, and the tags in the payload. */
function seriesOf(tags: readonly Observed[]): (message: SampleMessage) => string {
  const values = tags.map(
    ({ seen }) => new Map(seen.map(({ message, value }) => [message, scalarOf(value)])),
  );
  return (message) =>
    JSON.stringify([message.topic, message.clientId, ...values.map((of) => of.get(message) ?? null)]);
}

function isCounter({ path, seen }: Observed, seriesAt: (message: SampleMessage) => string): boolean {
  const name = path.at(-1) ?? '';
  if (!isCounterName(name) || timeNameScore(name) > 0) return false;
  const last = new Map<string, number>();
  let [steps, byOne] = [0, 0];
  for (const { message, value } of seen) {
    const number = numberOf(value);
    if (number === undefined || !Number.isInteger(number)) return false;
    const series = seriesAt(message);
    const before = last.get(series);
    last.set(series, number);
    if (before === undefined || before === number) continue;
    steps += 1;
    if (number === before + 1) byOne += 1;
  }
  return steps >= MIN_STEPS && byOne >= steps * MIN_SHARE;
}

/** An id of which each belongs to one payload, and some came with it twice. */
function isMessageId({ path, seen }: Observed): boolean {
  if (!/id|key|uuid|token|nonce|msg/i.test(path.at(-1) ?? '')) return false;
  const payloads = new Map<string, string>();
  let repeats = 0;
  for (const { message, value } of seen) {
    const id = scalarOf(value);
    if (id === undefined) return false;
    const payload = `${message.topic} ${message.payload.toString('latin1')}`;
    const known = payloads.get(id);
    if (known !== undefined && known !== payload) return false;
    if (known !== undefined) repeats += 1;
    payloads.set(id, payload);
  }
  return repeats > 0 && payloads.size >= MIN_IDS && repeats < payloads.size;
}
