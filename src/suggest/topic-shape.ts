import { isJsonObject, type JsonValue } from '../formats/json/json-value.js';
import { isSparkplugTopic } from '../formats/sparkplug/sparkplug-topic.js';
import { type DetectedFormat, detectFormat } from './detect-format.js';
import { areAlike } from './find-lists.js';
import { groupBy } from './group-by.js';
import { isNoValueWord, readNumberText } from './number-text.js';
import { numberOf, type Unit } from './observed.js';
import type { SampleMessage } from './sample-message.js';

/** What the messages of one topic look like. */
export interface TopicShape {
  readonly topic: string;
  readonly levels: readonly string[];
  readonly messages: readonly SampleMessage[];
  readonly format: DetectedFormat;
  readonly units: readonly Unit[];
  readonly kind: 'object' | 'list' | 'number' | 'word';
  /** Of objects, and of the objects in lists. */
  readonly keys: readonly string[];
}

/** Messages of more topics say nothing new about the keys of a payload. */
const MAX_KEYS = 200;
/** All its topics are one: a message of one explains those of others. */
const SPARKPLUG = 'spBv1.0/#';

/** The shapes of the topics, and the messages of those that no format decodes or that have no payload. */
export function topicShapes(messages: readonly SampleMessage[]): {
  readonly shapes: readonly TopicShape[];
  readonly notUnderstood: readonly SampleMessage[];
  readonly empty: number;
} {
  const byTopic = groupBy(messages, ({ topic }) => (isSparkplugTopic(topic) ? SPARKPLUG : topic));
  const shapes: TopicShape[] = [];
  const notUnderstood: SampleMessage[] = [];
  let empty = 0;
  for (const [topic, all] of byTopic) {
    const withPayload = all.filter(({ payload }) => payload.length > 0);
    empty += all.length - withPayload.length;
    if (withPayload.length === 0) continue;
    const format = detectFormat(withPayload);
    if (format === undefined) notUnderstood.push(...withPayload);
    else
      shapes.push({
        topic,
        levels: topic.split('/'),
        messages: withPayload,
        format,
        units: format.units,
        ...kindOf(format.units),
      });
  }
  return { shapes, notUnderstood, empty };
}

function kindOf(units: readonly Unit[]): Pick<TopicShape, 'kind' | 'keys'> {
  const keys = new Set<string>();
  let [objects, lists, numbers] = [0, 0, 0];
  for (const { value } of units) {
    if (Array.isArray(value)) lists += 1;
    else if (isJsonObject(value)) objects += 1;
    else if (isNumber(value)) numbers += 1;
    for (const object of Array.isArray(value) ? value : [value]) {
      if (isJsonObject(object))
        for (const key of Object.keys(object)) if (keys.size < MAX_KEYS) keys.add(key);
    }
  }
  const half = units.length / 2;
  if (objects >= half) return { kind: 'object', keys: [...keys] };
  if (lists >= half) return { kind: 'list', keys: [...keys] };
  return { kind: numbers >= half ? 'number' : 'word', keys: [] };
}

/** Whether a single value is a number; a word for "no value" says nothing else. */
function isNumber(value: JsonValue): boolean {
  if (typeof value === 'string') return readNumberText(value) !== undefined || isNoValueWord(value);
  return numberOf(value) !== undefined;
}

/** Whether one rule could take both. */
export function isAlike(one: TopicShape, other: TopicShape): boolean {
  if (one.kind !== other.kind || one.levels.length !== other.levels.length) return false;
  if (JSON.stringify(one.format.options) !== JSON.stringify(other.format.options)) return false;
  if (one.levels[0]?.startsWith('$') !== other.levels[0]?.startsWith('$')) return false;
  return one.keys.length === 0 || other.keys.length === 0 || areAlike(one.keys, other.keys);
}
