import { expect, it } from 'vitest';
import { sharedRows } from '../../../src/pipeline/kinesis-shared-windows.js';
import { AggregateState } from '../../../src/windows/aggregate-state.js';
import { prepareLayouts } from '../../../src/windows/shared/prepare-layouts.js';
import { SharedTable } from '../../../src/windows/shared/shared-table.js';
import { groupKeyOf, MarksMemory } from '../../../src/windows/window-marks.js';
import { MemoryLeaseTable } from '../../support/memory-lease-table.js';
import { ROOM } from './shared-application.js';

function opened() {
  const memory = new MemoryLeaseTable();
  return { memory, table: new SharedTable(sharedRows(memory.client())) };
}

const state = (more = {}) => new AggregateState({ ...ROOM, ...more }, new MarksMemory(1_000_000));

it('keeps one row for each window and group, with another version at each write, and removes it only in that one', async () => {
  const { table } = opened();
  const group = groupKeyOf([{ name: 'room', value: 'x'.repeat(5_000) }]);
  const mark = { measurement: 'room_10s', startMs: -10_000 };
  const [first] = await table.put([mark]);
  const [again, late] = await table.put([
    mark,
    { ...mark, groups: [group], isLate: true, isWriting: true },
    mark,
  ]);
  expect((await table.due()).toSorted((a, b) => a.key.length - b.key.length)).toEqual([again, late]);
  expect(late).toMatchObject({
    ...mark,
    group,
    isLate: true,
    isWriting: true,
    isRebuild: false,
    isForced: false,
  });
  expect(late!.key.length).toBeLessThan(200);
  expect(again!.key).toBe(first!.key);
  expect(await table.remove(first!)).toBe(false);
  expect(await table.remove(again!)).toBe(true);
  expect(await table.due()).toEqual([late]);
});

it('writes the row of the computing consumer only over the one that was known', async () => {
  const { table } = opened();
  expect(await table.computer()).toBeUndefined();
  const first = { owner: 'one', counter: 1, closedToMs: Number.NEGATIVE_INFINITY, report: '' };
  expect(await table.writeComputer(undefined, first)).toBe(true);
  expect(await table.writeComputer(undefined, first)).toBe(false);
  expect(await table.computer()).toEqual(first);
  const { owner: _, ...released } = { ...first, counter: 2, closedToMs: 7, report: '{}' };
  expect(await table.writeComputer(first, released)).toBe(true);
  expect(await table.writeComputer(first, released)).toBe(false);
  expect(await table.computer()).toEqual(released);
});

it('remembers what aggregates are, also resolutions that are no longer configured, and forgets one with what is due of it', async () => {
  const { table } = opened();
  const [fine, coarse] = ROOM.resolutions;
  const other = state({ name: 'other', resolutions: [{ ...fine!, measurement: 'other_10s' }] });
  await prepareLayouts([state(), other], table, 5_000);
  await prepareLayouts([state({ resolutions: [fine!] })], table, 5_000);
  const layout = (await table.layout('room'))!;
  expect(Object.keys(layout.resolutions)).toEqual(['room_10s', 'room_1min']);
  await expect(
    prepareLayouts([state({ resolutions: [{ ...fine!, everyMs: 20_000 }, coarse!] })], table, 5_000),
  ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });

  await table.drop(layout);
  expect(await table.layout('room')).toBeUndefined();
  expect(new Set((await table.due()).map(({ measurement }) => measurement))).toEqual(new Set(['other_10s']));
});
