import { quoted } from '../lib/printable.js';
import type { Point } from '../sink/point.js';
import type { Mapped, Parked } from './mapped.js';

/**
 * The one outcome of a record that several rules have taken: parked if one of them parks it, and written if one gives points.
 * Two rules that give the same field of one point are a mistake in the rules: the store would keep only one of the values.
 */
export function combineOutcomes(outcomes: readonly Mapped[]): Mapped {
  const collision = collisionOf(outcomes);
  if (collision !== undefined) return collision;
  const points = outcomes.flatMap(pointsOf);
  const parked = outcomes.find((outcome) => outcome.kind === 'parked');
  if (parked !== undefined) return { ...parked, points };
  const written = outcomes.find((outcome) => outcome.kind === 'points');
  return written === undefined ? outcomes[0]! : { ...written, points };
}

function collisionOf(outcomes: readonly Mapped[]): Parked | undefined {
  const rules = new Map<string, string>();
  for (const outcome of outcomes) {
    const own = new Set<string>();
    for (const point of pointsOf(outcome)) {
      const identity = JSON.stringify([point.series, String(point.timestampNs)]);
      for (const { name } of point.fields) {
        const value = `${identity} ${name}`;
        const other = rules.get(value);
        if (other !== undefined) return collided(name, other, outcome.rule);
        own.add(value);
      }
    }
    for (const value of own) rules.set(value, outcome.rule ?? '');
  }
  return undefined;
}

function collided(field: string, first: string, second: string | undefined): Parked {
  return {
    kind: 'parked',
    code: 'field-collision',
    reason: `the rules ${quoted(first)} and ${quoted(second ?? '')} both give the field ${quoted(field)} of one point`,
    ...(second !== undefined && { rule: second }),
  };
}

function pointsOf(outcome: Mapped): readonly Point[] {
  return outcome.kind === 'filtered' ? [] : (outcome.points ?? []);
}
