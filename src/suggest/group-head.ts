import { formatEntry } from './format-text.js';
import type { TopicGroup } from './group-topics.js';
import { measurementOf } from './point-name.js';
import type { DraftEntry, RuleDraft } from './rule-draft.js';

/** What all rules of a group share. */
export interface GroupHead extends Pick<RuleDraft, 'topic' | 'comments'> {
  readonly group: TopicGroup;
  readonly format: readonly DraftEntry[];
  readonly measurement: string;
  readonly tags: readonly DraftEntry[];
}

export function headOf(group: TopicGroup): GroupHead {
  const { filter } = group;
  const shape = group.shapes[0]!;
  const count = group.shapes.reduce((sum, { messages }) => sum + messages.length, 0);
  const topics = new Set(group.shapes.flatMap(({ messages }) => messages.map(({ topic }) => topic))).size;
  const format = formatEntry(shape.format);
  const tags = filter.captures.map(({ name, values }) => ({
    key: name,
    value: `topic.${name}`,
    comment: `${values.size} values: ${[...values].slice(0, 3).join(', ')}`,
  }));
  return {
    group,
    topic: filter.filter,
    comments: [
      `${count} ${count === 1 ? 'message' : 'messages'} of ${topics} ${topics === 1 ? 'topic' : 'topics'}`,
      ...(topics === 1 && filter.constants.length > 1 && shape.format.options.type !== 'sparkplug'
        ? ['only one topic was seen: write +name in the place of a level that varies']
        : []),
    ],
    format: format === undefined ? [] : [format],
    measurement: measurementOf(filter),
    tags,
  };
}

/** Without any tag the points of all devices would be one series. */
export function withDevice(tags: readonly DraftEntry[], levels: number): readonly DraftEntry[] {
  if (tags.length > 0) return tags;
  return [
    {
      key: 'device',
      value: 'device',
      comment: levels > 1 ? 'the last level of the topic but one' : 'the client id',
    },
  ];
}
