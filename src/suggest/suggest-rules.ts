import { type DraftedRules, draftRules } from './draft-rules.js';
import { type ProfileFit, ProfileFitter } from './fit-profiles.js';
import { groupTopics, type TopicGroup } from './group-topics.js';
import type { RuleDraft } from './rule-draft.js';
import { draftText } from './rule-draft.js';
import type { SampleMessage } from './sample-message.js';
import { topicShapes } from './topic-shape.js';
import {
  type Counts,
  compileText,
  countOutcomes,
  countsText,
  type TriedMessage,
  tryRules,
} from './try-rules.js';
import { commentText, yamlText } from './yaml-text.js';

/** Rules that are suggested for messages, and what they make of these. */
export interface Suggestion {
  /** A configuration: `rules:` with comments. Undefined when no message was understood. */
  readonly text: string | undefined;
  readonly topics: number;
  readonly groups: number;
  /** Messages without a payload, which clear retained ones. */
  readonly empty: number;
  readonly notUnderstood: readonly SampleMessage[];
  /** Messages of topics that would need more groups. */
  readonly notGrouped: readonly SampleMessage[];
  /** What becomes of all messages by the suggested rules. */
  readonly counts: Counts;
}

/** A group of topics with what is suggested for it. */
interface Part {
  readonly group: TopicGroup;
  readonly messages: readonly SampleMessage[];
  readonly drafted: DraftedRules;
  readonly fit?: ProfileFit;
}

/** Parts in an order, and what became of the messages. */
interface TriedParts {
  readonly parts: readonly Part[];
  readonly tried: readonly TriedMessage[];
  readonly counts: Counts;
}

/** A reading is received a moment after its time. */
const DELAY_NS = 1_000_000_000n;

/**
 * Suggests rules for messages. Every suggestion is compiled and applied to the same messages before it is returned. A fitter
 * that is used again has compiled the profiles already.
 */
export function suggestRules(messages: readonly SampleMessage[], fitter = new ProfileFitter()): Suggestion {
  const { shapes, notUnderstood, empty } = topicShapes(messages);
  const names = new Set<string>();
  const { groups, rest } = groupTopics(shapes);
  const parts = withProfiles(
    groups.map((group) => partOf(group, names)),
    fitter,
  );
  const all = parts.flatMap((part) => part.messages);
  const topics = new Set(messages.map(({ topic }) => topic)).size;
  const seen = {
    topics,
    groups: parts.length,
    empty,
    notUnderstood,
    notGrouped: rest.flatMap((shape) => shape.messages),
  };
  if (parts.length === 0) return { ...seen, text: undefined, counts: countOutcomes([]) };
  const { parts: ordered, tried, counts } = bestOrder(parts, all);
  const outcomes = new Map(tried.map((one) => [one.message, one]));
  const countsFor = (part: Part) => countOutcomes(part.messages.map((message) => outcomes.get(message)!));
  return { ...seen, text: rulesText(ordered, countsFor), counts };
}

function partOf(group: TopicGroup, names: Set<string>): Part {
  const drafted = draftRules(group, names);
  const messages = group.shapes
    .flatMap((shape) => shape.messages)
    .map((message) => received(message, drafted.times));
  if (compileText(`rules:\n${drafted.drafts.map(draftText).join('\n')}`) !== undefined)
    return { group, messages, drafted };
  return { group, messages, drafted: { ...drafted, drafts: [plainRule(drafted.drafts[0]!)] } };
}

/** Where the receive time is not known, it is as if the gateway had received the message at its device time. */
function received(message: SampleMessage, times: DraftedRules['times']): SampleMessage {
  const time = message.isReceiveTimeKnown ? undefined : times.get(message);
  return time === undefined ? message : { ...message, receivedAtNs: time + DELAY_NS };
}

/** A rule without the parts that a name in the messages could spoil. */
function plainRule({ name, topic, comments, entries, omitted }: RuleDraft): RuleDraft {
  const kept = entries.filter(({ key }) => key === 'format' || key === 'measurement');
  return {
    name,
    topic,
    comments: [...comments, 'its names are not all possible in a rule: every number is taken as it is'],
    entries: [...kept, { key: 'time', value: 'auto' }, { key: 'fields', value: 'auto' }],
    tags: [{ key: 'topic', value: 'topic' }],
    fields: [],
    policies: [],
    omitted,
  };
}

/** A profile in place of the rules it fits. What it filters on purpose belongs to it too, once it is used. */
function withProfiles(parts: readonly Part[], fitter: ProfileFitter): readonly Part[] {
  const fitted = parts.map((part) => withFit(part, fitter.best(part.messages, part.drafted.zone)));
  const used = [...new Set(fitted.flatMap(({ fit }) => (fit === undefined ? [] : [fit.profile])))];
  return fitted.map((part) => {
    if (part.fit !== undefined) return part;
    for (const profile of used) {
      const fit = fitter.try(profile, part.messages, part.drafted.zone);
      if (fit !== undefined) return withFit(part, fit);
    }
    return part;
  });
}

function withFit(part: Part, fit: ProfileFit | undefined): Part {
  return fit === undefined ? part : { ...part, fit };
}

/** Profiles before or behind the other rules: where fewer messages are parked. */
function bestOrder(parts: readonly Part[], messages: readonly SampleMessage[]): TriedParts {
  const profiles = parts.filter(({ fit }) => fit !== undefined);
  const own = parts.filter(({ fit }) => fit === undefined);
  const first = triedParts([...profiles, ...own], messages);
  if (first.counts.parked === 0 || profiles.length === 0 || own.length === 0) return first;
  const second = triedParts([...own, ...profiles], messages);
  return second.counts.parked < first.counts.parked ? second : first;
}

function triedParts(parts: readonly Part[], messages: readonly SampleMessage[]): TriedParts {
  const rules = compileText(rulesText(parts, () => undefined));
  if (rules === undefined) throw new Error('the suggested rules do not compile');
  const tried = tryRules(rules, messages);
  return { parts, tried, counts: countOutcomes(tried) };
}

function rulesText(parts: readonly Part[], countsFor: (part: Part) => Counts | undefined): string {
  const profiles = new Set<string>();
  const items = parts.flatMap((part) => {
    if (part.fit === undefined) return [ownText(part, countsFor(part))];
    if (profiles.has(part.fit.profile)) return [];
    profiles.add(part.fit.profile);
    return [
      profileText(
        parts.filter(({ fit }) => fit?.profile === part.fit!.profile),
        countsFor,
      ),
    ];
  });
  return `rules:\n${items.join('\n\n')}\n`;
}

function ownText({ drafted }: Part, counts: Counts | undefined): string {
  const tried = counts === undefined ? [] : [`tried: ${countsText(counts)}`, ...counts.reasons];
  return drafted.drafts
    .map((draft, index) =>
      draftText(
        index === 0 ? { ...draft, comments: [...draft.comments, ...tried] } : { ...draft, comments: [] },
      ),
    )
    .join('\n');
}

function profileText(parts: readonly Part[], countsFor: (part: Part) => Counts | undefined): string {
  const profile = parts[0]!.fit!.profile;
  const zone = parts.find(({ fit }) => fit?.zone !== undefined)?.fit?.zone;
  const about = parts.flatMap((part) => {
    const counts = countsFor(part);
    if (counts === undefined) return [];
    return [`${part.group.filter.filter}: ${countsText(counts)}`, ...counts.reasons];
  });
  return [
    ...about.map((line) => `  # ${commentText(line)}`),
    `  - profile: ${yamlText(profile)} # \`sluice profiles show ${profile} --rules\` prints its rules`,
    ...(zone === undefined
      ? []
      : [
          `    settings: { zone: ${yamlText(zone)} } # the times have no zone: write the one of the devices, such as Europe/Berlin`,
        ]),
  ].join('\n');
}
