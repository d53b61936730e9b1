import { compileTopicPattern } from '../rules/topic-pattern.js';
import { groupBy } from './group-by.js';
import { filterOf, type TopicFilter } from './topic-filter.js';
import { isAlike, type TopicShape } from './topic-shape.js';

/** Topics whose messages one rule takes. */
export interface TopicGroup {
  readonly shapes: readonly TopicShape[];
  readonly filter: TopicFilter;
}

export interface GroupedTopics {
  readonly groups: readonly TopicGroup[];
  /** Topics that would need more groups. */
  readonly rest: readonly TopicShape[];
}

/** Nobody reads more rules than these. */
const MAX_GROUPS = 60;
/** More rules than these for values of one level are no better than one rule for all. */
const MAX_SPLIT = 12;
const MAX_ROUNDS = 20;

/** Groups topics with alike payloads, so that no filter of a group takes topics of another. */
export function groupTopics(shapes: readonly TopicShape[]): GroupedTopics {
  let clusters: TopicShape[][] = [];
  const rest: TopicShape[] = [];
  for (const shape of shapes) {
    const cluster = clusters.find((one) => isAlike(one[0]!, shape));
    if (cluster !== undefined) cluster.push(shape);
    else if (clusters.length < MAX_GROUPS) clusters.push([shape]);
    else rest.push(shape);
  }
  clusters = clusters.flatMap(withConstantLevel);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const separated = separateOnce(clusters);
    if (separated === undefined) break;
    clusters = separated;
  }
  const groups = clusters.map((cluster) => ({ shapes: cluster, filter: filterOf(cluster) }));
  // What has fewer wildcards comes first, in case that two filters take the same topic after all.
  groups.sort((one, other) => one.filter.captures.length - other.filter.captures.length);
  return { groups, rest };
}

/** Topics that have no level in common are divided by the level with the fewest values. */
function withConstantLevel(cluster: readonly TopicShape[]): TopicShape[][] {
  const counts = valuesByLevel(cluster).map((values) => values.size);
  if (cluster.length < 2 || counts.length < 2 || counts.some((count) => count === 1)) return [[...cluster]];
  const level = counts.indexOf(Math.min(...counts));
  return counts[level]! > MAX_SPLIT ? [[...cluster]] : splitBy(cluster, level);
}

/** Separates two clusters of which one would take topics of the other; undefined when there are none, or none can be. */
function separateOnce(clusters: readonly (readonly TopicShape[])[]): TopicShape[][] | undefined {
  for (const [at, one] of clusters.entries()) {
    const { filter } = filterOf(one);
    const pattern = compileTopicPattern(filter);
    if (!pattern.ok) continue;
    const other = clusters.findIndex(
      (cluster, index) =>
        index !== at && cluster.some(({ topic }) => pattern.pattern.match(topic) !== undefined),
    );
    if (other < 0) continue;
    const rest = clusters
      .filter((_, index) => index !== at && index !== other)
      .map((cluster) => [...cluster]);
    const level = separatingLevel(one, clusters[other]!);
    if (level !== undefined) return [...rest, ...splitBy(one, level), ...splitBy(clusters[other]!, level)];
    if (haveOneFormat(one, clusters[other]!)) return [...rest, [...one, ...clusters[other]!]];
  }
  return undefined;
}

/** A level on which the two have no value in common, and few of their own. */
function separatingLevel(one: readonly TopicShape[], other: readonly TopicShape[]): number | undefined {
  const [ofOne, ofOther] = [valuesByLevel(one), valuesByLevel(other)];
  const levels = ofOne.flatMap((values, level) => {
    const others = ofOther[level] ?? new Set<string>();
    const isShared = [...values].some((value) => others.has(value));
    const count = values.size + others.size;
    // Splitting what is constant already on both sides changes nothing.
    return isShared || count > MAX_SPLIT || count === 2 ? [] : [{ level, count }];
  });
  return levels.sort((a, b) => a.count - b.count)[0]?.level;
}

function haveOneFormat([one]: readonly TopicShape[], [other]: readonly TopicShape[]): boolean {
  return JSON.stringify(one?.format.options) === JSON.stringify(other?.format.options);
}

function splitBy(cluster: readonly TopicShape[], level: number): TopicShape[][] {
  return [...groupBy(cluster, ({ levels }) => levels[level]).values()];
}

function valuesByLevel(cluster: readonly TopicShape[]): Set<string>[] {
  const width = cluster[0]?.levels.length ?? 0;
  return Array.from({ length: width }, (_, level) => new Set(cluster.map(({ levels }) => levels[level]!)));
}
