import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { sharedRows } from '../../src/pipeline/kinesis-shared-windows.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { AggregateState } from '../../src/windows/aggregate-state.js';
import { JournalMarks } from '../../src/windows/journal-marks.js';
import { ComputingElection } from '../../src/windows/shared/computing-election.js';
import { SharedMarks } from '../../src/windows/shared/shared-marks.js';
import { SharedTable } from '../../src/windows/shared/shared-table.js';
import { MarksMemory } from '../../src/windows/window-marks.js';
import { WindowsCheckpoint } from '../../src/windows/windows-checkpoint.js';
import { WindowsJournal } from '../../src/windows/windows-journal.js';
import { dueMarksContract } from '../contract/due-marks-contract.js';
import { SetClock } from '../support/clock.js';
import { MemoryLeaseTable } from '../support/memory-lease-table.js';
import { tempDirectory } from '../support/temp-directory.js';

const AGGREGATE: Aggregate = {
  name: 'room',
  from: 'climate',
  by: ['room'],
  sizeMs: 10_000,
  latenessMs: 0,
  fields: new Map([['v', { functions: ['count'], quantiles: [] }]]),
  resolutions: [
    { everyMs: 10_000, measurement: 'fine', retentionMs: 0 },
    { everyMs: 60_000, measurement: 'coarse', retentionMs: 0 },
  ],
};

function newState() {
  let generation = 0;
  const state = new AggregateState(AGGREGATE, new MarksMemory(1_000_000));
  return { state, nextGeneration: () => ++generation };
}

dueMarksContract('in the journal of a process', async () => {
  const { state, nextGeneration } = newState();
  const folder = join(tempDirectory(), 'windows');
  const openJournal = () => WindowsJournal.open(folder, '0', () => 'fine');
  const { journal } = await openJournal();
  onTestFinished(() => journal.close());
  const checkpoint = new WindowsCheckpoint([state], journal, {});
  await checkpoint.begin('0');
  return {
    due: new JournalMarks(journal, checkpoint),
    state,
    nextGeneration,
    mark: async ({ startMs, groups }) => {
      const { marks, spans, measurement } = state.finest;
      const mark = marks.markOf(spans.latestWith(startMs))!;
      if (groups === undefined) marks.touchWhole(mark, nextGeneration());
      for (const group of groups ?? []) marks.touchGroup(mark, group, nextGeneration());
      journal.append({ kind: 'mark', marks: [{ measurement, startMs, ...(groups && { groups }) }] });
      await journal.flush();
    },
    durable: async () => {
      await journal.flush();
      const { journal: other, saved } = await openJournal();
      await other.close();
      const all = [...saved.marks].flatMap(([measurement, windows]) =>
        [...windows].flatMap(([startMs, { isWhole, groups }]) => [
          ...(isWhole ? [`${measurement} ${startMs}`] : []),
          ...[...groups].map((group) => `${measurement} ${startMs} ${group}`),
        ]),
      );
      return all.sort();
    },
  };
});

dueMarksContract('in the table that consumers share', async () => {
  const { state, nextGeneration } = newState();
  const table = new SharedTable(sharedRows(new MemoryLeaseTable().client()));
  const clock = new SetClock();
  const options = { workerId: 'one', failoverMs: 1_000, turnMs: 500 };
  const election = new ComputingElection(table, options, clock);
  await election.turn({ closedToMs: 0, report: '' });
  const sleep = async () => undefined;
  const due = new SharedMarks({
    ...{ states: [state], table, election, clock, sleep, nextGeneration },
    failoverMs: options.failoverMs,
  });
  return {
    due,
    state,
    nextGeneration,
    mark: async (mark) => {
      await table.put([{ measurement: 'fine', ...mark }]);
      // The computing consumer has read the first one; what comes later is written by others while it folds.
      if (state.finest.marks.size > 0) return;
      due.beginScan();
      due.apply(await table.due(), 0);
    },
    durable: async () => {
      const rows = await table.due();
      return rows
        .map(({ measurement, startMs, group }) => [measurement, startMs, group].join(' ').trim())
        .sort();
    },
  };
});
