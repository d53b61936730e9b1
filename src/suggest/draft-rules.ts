import { isJsonObject } from '../formats/json/json-value.js';
import { draftEach } from './draft-each.js';
import { draftValues } from './draft-values.js';
import { findLists } from './find-lists.js';
import type { FoundTime } from './find-time.js';
import { type GroupHead, headOf, withDevice } from './group-head.js';
import type { TopicGroup } from './group-topics.js';
import { judgeValue } from './judge-value.js';
import { KNOWN_RULES } from './known-rules.js';
import { numberOf, observe, type Unit } from './observed.js';
import { pointName, uniqueIn } from './point-name.js';
import type { DraftEntry, RuleDraft } from './rule-draft.js';
import type { SampleMessage } from './sample-message.js';
import type { Verdict } from './verdict.js';
import { yamlText } from './yaml-text.js';

/** The rules for the messages of a group; several take the same messages where they hold lists beside single values. */
export interface DraftedRules {
  readonly drafts: readonly RuleDraft[];
  /** The device times of messages: they stand for receive times that are not known. */
  readonly times: ReadonlyMap<SampleMessage, bigint>;
  /** The zone of device times, where the texts have none. */
  readonly zone?: string;
}

const MAX_LISTS = 3;

/** Drafts the rules of a group. `names` are those of the rules before it; the new ones are added. */
export function draftRules(group: TopicGroup, names: Set<string>): DraftedRules {
  const head = headOf(group);
  const units = group.shapes.flatMap((shape) => shape.units);
  const { options } = group.shapes[0]!.format;
  const known = KNOWN_RULES[options.type];
  if (known !== undefined) {
    const name = uniqueIn(names, options.type);
    const { entries, ...parts } = known;
    const draft = {
      name,
      topic: head.topic,
      comments: head.comments,
      entries: [...head.format, ...entries],
      ...parts,
      omitted: [],
    };
    return { drafts: [draft], times: new Map() };
  }
  if (group.shapes.every(({ kind }) => kind === 'number' || kind === 'word'))
    return draftScalars(head, units, names);
  return draftObjects(head, units, names);
}

/** Payloads that are a single value: the field is named by the topic. */
function draftScalars(head: GroupHead, units: readonly Unit[], names: Set<string>): DraftedRules {
  const { filter } = head.group;
  const kind = filter.captures.find(
    ({ level, name }) => name === 'kind' && level === filter.filter.split('/').length - 1,
  );
  const last = filter.filter.split('/').at(-1) ?? '';
  const named = kind === undefined && !last.startsWith('+') ? last : 'value';
  const verdict = judgeValue({ base: 'payload', path: [], name: named, seen: units, of: units.length });
  const taken = new Set(head.tags.map(({ key }) => key));
  const key = kind === undefined ? pointName([named], taken) : '{topic.kind}';
  const filtered = {
    key: 'where',
    value: '"false"',
    comment: 'texts that change with the messages are no readings: they are counted as filtered',
  };
  const draft: RuleDraft = {
    name: uniqueIn(names, head.measurement),
    topic: head.topic,
    comments: head.comments,
    entries: [
      ...head.format,
      ...(verdict.kind === 'omitted' ? [filtered] : []),
      { key: 'measurement', value: yamlText(head.measurement) },
    ],
    tags: withDevice(
      head.tags.filter((tag) => tag.key !== kind?.name),
      filter.constants.length,
    ),
    fields: scalarFields(key, verdict, units),
    policies: [],
    omitted: [],
  };
  return { drafts: [draft], times: new Map() };
}

/** The field of a payload that is one value; two where it is a number or a word, because a field has one type. */
function scalarFields(key: string, verdict: Verdict, units: readonly Unit[]): DraftEntry[] {
  const text = '{ path: payload, type: string, otherwise: omit }';
  if (verdict.kind === 'omitted') return [{ key, value: text }];
  const { value, comment } = verdict;
  const isNumber = value.includes('type: float');
  const isMixed = isNumber
    ? value.includes('otherwise: omit')
    : units.some((unit) => numberOf(unit.value) !== undefined);
  if (!isMixed) return [{ key, value: verdict.kind === 'tag' ? text : value, comment }];
  return [
    { key, value: isNumber ? value : '{ path: payload, type: float, otherwise: omit }', comment },
    { key: `${key}_text`, value: text, comment: 'what is no number' },
  ];
}

function draftObjects(head: GroupHead, units: readonly Unit[], names: Set<string>): DraftedRules {
  const lists = findLists(units);
  const isList = (path: readonly string[]) =>
    lists.some((list) => list.path.length > 0 && isSame(list.path, path));
  const rootList = lists.find(({ path }) => path.length === 0);
  const objects = units.filter(({ value }) => isJsonObject(value));
  const leaves = observe(objects, 'payload', isList).filter(({ path }) => path.length > 0);
  // The members of an object with a key for each sensor are elements, and not values of the message.
  const own = rootList === undefined ? leaves : leaves.filter(({ path }) => path.length === 1);
  const taken = new Set(head.tags.map(({ key }) => key));
  const values = draftValues(own, head.group.filter, taken);
  const tags = [...head.tags, ...values.tags];
  const each = lists.slice(0, MAX_LISTS);
  const shared = { head, tags, ...(values.time !== undefined && { time: values.time }) };
  const hasMain = values.fields.length > 0 || each.length === 0;
  const main = hasMain
    ? [
        mainRule(
          head,
          { ...values, tags },
          { name: uniqueIn(names, head.measurement), isFollowed: each.length > 0, objects },
        ),
      ]
    : [];
  const listed = each.map((list) => draftEach(list, shared, names));
  const drafts = [...main, ...listed.map(({ draft }) => draft)];
  const time: FoundTime | undefined = values.time ?? listed.find((one) => one.time !== undefined)?.time;
  return {
    drafts: drafts.map((draft, index) => (index < drafts.length - 1 ? withContinue(draft) : draft)),
    times: time?.times ?? new Map(),
    ...(time?.zone !== undefined && { zone: time.zone }),
  };
}

function mainRule(
  head: GroupHead,
  values: ReturnType<typeof draftValues>,
  {
    name,
    isFollowed,
    objects,
  }: { readonly name: string; readonly isFollowed: boolean; readonly objects: readonly Unit[] },
): RuleDraft {
  const { time, tags, fields, policies, omitted, fieldPaths } = values;
  const withField = new Set(fieldPaths.flatMap(({ seen }) => seen.map(({ message }) => message)));
  const without = objects.filter(({ message }) => !withField.has(message)).length;
  const whenEmpty = {
    key: 'whenEmpty',
    value: 'filter',
    comment: isFollowed
      ? 'the rule behind it has the rest of the message'
      : `${without} messages have none of the fields`,
  };
  return {
    name,
    topic: head.topic,
    comments: head.comments,
    entries: [
      ...head.format,
      { key: 'measurement', value: yamlText(head.measurement) },
      ...(time === undefined ? [] : [{ key: 'time', value: time.value, comment: time.comment }]),
      ...(fields.length > 0 && (isFollowed || without > 0) ? [whenEmpty] : []),
      ...(fields.length === 0
        ? [{ key: 'fields', value: 'auto', comment: 'no value that is a field was found' }]
        : []),
    ],
    tags: withDevice(tags, head.group.filter.constants.length),
    fields,
    policies,
    omitted,
  };
}

function withContinue(draft: RuleDraft): RuleDraft {
  return {
    ...draft,
    entries: [
      ...draft.entries,
      { key: 'continue', value: 'true', comment: 'the next rule takes the same messages' },
    ],
  };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((key, index) => key === other[index]);
}
