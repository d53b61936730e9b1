import { expect, it } from 'vitest';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { AggregateState } from '../../src/windows/aggregate-state.js';
import { PointTouches } from '../../src/windows/point-touches.js';
import { MarksMemory } from '../../src/windows/window-marks.js';
import { pointOf, seriesOf } from '../support/points.js';

const MINUTE_MS = 60_000;
const AGGREGATE: Aggregate = {
  name: 'meter',
  from: 'meter',
  sizeMs: MINUTE_MS,
  latenessMs: 0,
  fields: new Map([['v', { functions: ['increase'], quantiles: [] }]]),
  resolutions: [{ everyMs: MINUTE_MS, measurement: 'meter_1min', retentionMs: 0 }],
};

it('leaves alone the marks that others have made while the points were written', () => {
  // One mark with a group has room, and the next windows, whose first increase it changes, have none.
  const state = new AggregateState(AGGREGATE, new MarksMemory(700));
  const late = pointOf(seriesOf('meter', { device: 'a' }), 0n, { v: 1 });
  const touches = new PointTouches([late], () => [state], 3 * MINUTE_MS, 1);
  expect(touches.isOverMemory).toBe(true);
  const next = { startMs: MINUTE_MS, endMs: 2 * MINUTE_MS };
  const byOthers = state.finest.marks.markOf(next, true)!;
  byOthers.writing = 1;

  touches.answered([], 2);
  expect(byOthers.writing).toBe(1);
  expect(state.finest.marks.get(0)).toMatchObject({ writing: 0, values: 1 });
  expect(state.inexact.hasPartOf(next)).toBe(true);
  // A fold of the other write is not newer than this one.
  expect(state.inexact.computed(next, 2)).toBe(false);
});
