import { expect, it, onTestFinished } from 'vitest';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { AggregateState } from '../../src/windows/aggregate-state.js';
import { MarksMemory } from '../../src/windows/window-marks.js';
import { WindowsCheckpoint } from '../../src/windows/windows-checkpoint.js';
import { WindowsJournal } from '../../src/windows/windows-journal.js';
import { tempDirectory } from '../support/temp-directory.js';

const AGGREGATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  sizeMs: 60_000,
  latenessMs: 0,
  fields: new Map([['v', { functions: ['mean'], quantiles: [] }]]),
  resolutions: [{ everyMs: 60_000, measurement: 'climate_1min', retentionMs: 0 }],
};

it('keeps the values of a window that was computed after the counts, also when they are saved twice', async () => {
  const folder = tempDirectory();
  const finestOf = () => 'climate_1min';
  const { journal } = await WindowsJournal.open(folder, '0', finestOf);
  onTestFinished(() => journal.close());
  const state = new AggregateState(AGGREGATE, new MarksMemory(1_000_000));
  const checkpoint = new WindowsCheckpoint([state], journal, {});
  await checkpoint.begin('0');

  const mark = state.finest.marks.markOf({ startMs: 0, endMs: 60_000 })!;
  state.finest.marks.touchWhole(mark, 1);
  journal.append({ kind: 'mark', marks: [{ measurement: 'climate_1min', startMs: 0 }] });
  mark.values = 5;
  state.count('accepted', 5);
  checkpoint.note('1');
  checkpoint.noteFolded('climate', 0);
  journal.append({
    kind: 'folded',
    aggregate: 'climate',
    measurement: 'climate_1min',
    startMs: 0,
    values: 5,
    outcome: 'aggregated',
    done: 'whole',
    marks: [],
  });
  await checkpoint.save('1');
  await checkpoint.save('1');

  const { saved } = await WindowsJournal.open(folder, '1', finestOf);
  expect(saved.counts.get('climate')).toMatchObject({ accepted: 5, aggregated: 5 });
  expect([...(saved.marks.get('climate_1min') ?? [])]).toEqual([]);
});

it('says how many values wait for a window that was computed while more came, whatever earlier lines say', async () => {
  const folder = tempDirectory();
  const finestOf = () => 'climate_1min';
  const { journal } = await WindowsJournal.open(folder, '0', finestOf);
  onTestFinished(() => journal.close());
  const state = new AggregateState(AGGREGATE, new MarksMemory(1_000_000));
  const checkpoint = new WindowsCheckpoint([state], journal, {});
  await checkpoint.begin('0');
  const awaiting = async (position: string) => {
    const { saved } = await WindowsJournal.open(folder, position, finestOf);
    const { accepted, aggregated } = saved.counts.get('climate')!;
    return { accepted, aggregated, waiting: saved.marks.get('climate_1min')?.get(0)?.values };
  };

  const mark = state.finest.marks.markOf({ startMs: 0, endMs: 60_000 })!;
  state.finest.marks.touchWhole(mark, 1);
  journal.append({ kind: 'mark', marks: [{ measurement: 'climate_1min', startMs: 0 }] });
  mark.values = 1;
  state.count('accepted', 1);
  checkpoint.note('1');
  // Another write into it is on the way, so it stays due.
  mark.values = 0;
  state.count('aggregated', 1);
  checkpoint.noteFolded('climate', 0);
  const folded = { aggregate: 'climate', measurement: 'climate_1min', startMs: 0, values: 1 } as const;
  journal.append({ kind: 'folded', ...folded, outcome: 'aggregated', done: 'none', marks: [] });
  await checkpoint.save('1');
  checkpoint.note('2');
  await checkpoint.save('2');
  expect(await awaiting('2')).toEqual({ accepted: 1, aggregated: 1, waiting: 0 });
  mark.values = 1;
  state.count('accepted', 1);
  checkpoint.note('3');
  await checkpoint.save('3');
  expect(await awaiting('3')).toEqual({ accepted: 2, aggregated: 1, waiting: 1 });
});
