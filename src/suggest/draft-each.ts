import { DEFAULT_MAX_ELEMENTS } from '../rules/rule-options.js';
import { draftValues } from './draft-values.js';
import type { FoundList } from './find-lists.js';
import type { FoundTime } from './find-time.js';
import { type GroupHead, withDevice } from './group-head.js';
import { numberField } from './number-field.js';
import { observe, referenceTo } from './observed.js';
import { pointName, uniqueIn } from './point-name.js';
import type { DraftEntry, RuleDraft } from './rule-draft.js';
import { yamlText } from './yaml-text.js';

/** The largest limit of elements that a rule may set. */
const MOST_ELEMENTS = 100_000;

/** What the rule of the message as a whole has found. */
interface Shared {
  readonly head: GroupHead;
  readonly tags: readonly DraftEntry[];
  readonly time?: FoundTime;
}

/** The rule that makes a point of each element of a list, or of each member of an object. */
export function draftEach(
  list: FoundList,
  { head, tags, time }: Shared,
  names: Set<string>,
): { readonly draft: RuleDraft; readonly time?: FoundTime } {
  const taken = new Set(tags.map(({ key }) => key));
  const label = list.path.at(-1) ?? '';
  const measurement =
    label === ''
      ? head.measurement
      : `${head.measurement}_${label.replace(/[^A-Za-z0-9_]+/g, '_').toLowerCase()}`;
  const values = list.kind === 'numbers' ? numbersOf(list, taken) : objectsOf(list, head, taken);
  const used = values.time ?? time;
  const each = yamlText(referenceTo('payload', list.path));
  const why =
    list.kind === 'keys'
      ? 'an object whose keys are identities: a point for each'
      : 'a point for each element';
  return {
    draft: {
      name: uniqueIn(names, measurement),
      topic: head.topic,
      comments: head.comments,
      entries: [
        ...head.format,
        { key: 'each', value: each, comment: why },
        ...(list.longest > DEFAULT_MAX_ELEMENTS ? [maxElements(list)] : []),
        { key: 'measurement', value: yamlText(measurement) },
        ...(used === undefined ? [] : [{ key: 'time', value: used.value, comment: used.comment }]),
        { key: 'whenEmpty', value: 'filter', comment: 'for messages without it' },
        ...(values.fields.length === 0 ? [{ key: 'fields', value: 'auto' }] : []),
      ],
      tags: withDevice([...tags, ...values.tags], head.group.filter.constants.length),
      fields: values.fields,
      policies: [],
      omitted: values.omitted,
    },
    ...(values.time !== undefined && { time: values.time }),
  };
}

/** Room for twice as many elements as were seen, up to what a rule may have. */
function maxElements({ longest }: FoundList): DraftEntry {
  const room = Math.min(2 * longest, MOST_ELEMENTS);
  return { key: 'maxElements', value: String(room), comment: `one message has ${longest} elements` };
}

type Values = Pick<RuleDraft, 'tags' | 'fields' | 'omitted'> & { readonly time?: FoundTime };

function objectsOf(list: FoundList, { group }: GroupHead, taken: Set<string>): Values {
  const own: DraftEntry[] =
    list.kind === 'keys'
      ? [{ key: pointName(['key'], taken), value: 'key', comment: 'the key of the member' }]
      : [];
  const observed = observe(list.elements, 'element', () => false).filter(({ path }) => path.length > 0);
  const { time, tags, fields, omitted } = draftValues(observed, group.filter, taken);
  const needsIndex = list.kind === 'objects' && tags.length === 0 && time === undefined;
  const index = needsIndex
    ? [{ key: pointName(['index'], taken), value: 'index', comment: 'nothing else tells the elements apart' }]
    : [];
  return { tags: [...own, ...tags, ...index], fields, omitted, ...(time !== undefined && { time }) };
}

/** A list of numbers, and those beside it. */
function numbersOf({ path, elements, parallel }: FoundList, taken: Set<string>): Values {
  const index = {
    key: pointName(['index'], taken),
    value: 'index',
    comment: 'the place in the list, from 0',
  };
  const name = path.at(-1) ?? 'value';
  const observed = { base: 'element', path: [], name, seen: elements, of: elements.length };
  const verdict = numberField(observed, `${elements.length} elements`);
  const first = {
    key: pointName([name], taken),
    value: verdict.kind === 'omitted' ? 'element' : verdict.value,
    ...(verdict.kind !== 'omitted' && { comment: verdict.comment }),
  };
  const others = parallel.map((other) => ({
    key: pointName([other.at(-1) ?? 'value'], taken),
    value: `{ path: ${yamlText(`${referenceTo('payload', other)}[index]`)}, type: float }`,
    comment: 'a list of the same length beside it',
  }));
  return { tags: [index], fields: [first, ...others], omitted: [] };
}
