import { findPolicies } from './find-policies.js';
import { type FoundTime, findTime } from './find-time.js';
import { judgeValue } from './judge-value.js';
import { MAX_PATHS, type Observed, scalarOf } from './observed.js';
import { pointName } from './point-name.js';
import type { DraftEntry, RuleDraft } from './rule-draft.js';
import type { TopicFilter } from './topic-filter.js';

/** What a rule makes of the values of its messages or elements. */
export interface DraftedValues extends Pick<RuleDraft, 'tags' | 'fields' | 'policies' | 'omitted'> {
  readonly time?: FoundTime;
  /** The paths of the fields: a message without any of them has nothing to store. */
  readonly fieldPaths: readonly Observed[];
}

const MAX_TAGS = 12;
const MAX_OMITTED = 15;
const MAX_FIELDS = 80;

/**
 * Sorts the values into time, tags, fields, and what is omitted.
 *
 * @param taken names of tags that the rule has already
 */
export function draftValues(
  all: readonly Observed[],
  filter: TopicFilter,
  taken: Set<string>,
): DraftedValues {
  const time = findTime(all);
  const others = all.filter((observed) => observed !== time?.observed);
  const judged = others.map((observed) => ({
    observed,
    verdict: sameAsLevel(observed, filter) ?? judgeValue(observed),
  }));
  const tagged = judged.filter(({ verdict }) => verdict.kind === 'tag').slice(0, MAX_TAGS);
  const isOfPayload = all.every(({ base }) => base === 'payload');
  const policies = isOfPayload
    ? findPolicies(
        others,
        tagged.map(({ observed }) => observed),
        filter.captures.map(({ name }) => name),
      )
    : { entries: [], paths: new Set<readonly string[]>() };
  const tags: DraftEntry[] = [];
  const fields: DraftEntry[] = [];
  const omitted: string[] = [];
  const fieldPaths: Observed[] = [];
  for (const { observed, verdict } of judged) {
    const shown = observed.path.join('.');
    if (verdict.kind === 'omitted') omitted.push(`${shown}: ${verdict.reason}`);
    else if (verdict.kind === 'tag') {
      if (policies.paths.has(observed.path)) omitted.push(`${shown}: it tells messages apart, and is no tag`);
      else if (tags.length >= MAX_TAGS) omitted.push(`${shown}: there are ${MAX_TAGS} tags already`);
      else
        tags.push({ key: pointName(observed.path, taken), value: verdict.value, comment: verdict.comment });
    } else if (fields.length < MAX_FIELDS) {
      fields.push({ key: pointName(observed.path, taken), value: verdict.value, comment: verdict.comment });
      fieldPaths.push(observed);
    } else omitted.push(`${shown}: there are ${MAX_FIELDS} fields already`);
  }
  if (all.length >= MAX_PATHS) omitted.push(`only the first ${MAX_PATHS} keys were looked at`);
  const rest = omitted.length - MAX_OMITTED;
  return {
    ...(time !== undefined && { time }),
    tags,
    fields,
    policies: policies.entries,
    omitted: rest > 0 ? [...omitted.slice(0, MAX_OMITTED), `… and ${rest} others`] : omitted,
    fieldPaths,
  };
}

/** A value that repeats a level of the topic would be a second tag with the same content. */
function sameAsLevel(
  { seen }: Observed,
  { captures }: TopicFilter,
): { kind: 'omitted'; reason: string } | undefined {
  if (seen.length === 0) return undefined;
  const same = captures.find(({ level }) =>
    seen.every(({ message, value }) => scalarOf(value) === message.topic.split('/')[level]),
  );
  return same === undefined ? undefined : { kind: 'omitted', reason: `the same as topic.${same.name}` };
}
