import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PartitionStates } from '../../src/ledger/partition-states.js';
import { readState, type StateEnd, StateJournal } from '../../src/ledger/state-journal.js';
import type { WarningFields } from '../../src/lib/warnings.js';
import { tempDirectory } from '../support/temp-directory.js';

async function openJournal(folder: string, end?: StateEnd) {
  const states = new PartitionStates();
  const warnings: WarningFields[] = [];
  const journal = await StateJournal.open(folder, end, states, (fields) => warnings.push(fields));
  onTestFinished(() => journal.close());
  return { states, journal, warnings };
}

const contentOf = (states: PartitionStates) =>
  Object.fromEntries(states.takeAll().map(({ partition, changes }) => [partition, [...changes].sort()]));

describe('the journal of what mapping remembers', () => {
  test('gives at a start what was known at the end that the checkpoint names, and nothing of later', async () => {
    const folder = join(tempDirectory(), 'state');
    const first = await openJournal(folder);
    first.states.of('a').table<number>('t').set('x', 1);
    first.states.of('b').table<string>('u').set('y', 'text');
    first.journal.append(first.states.takeChanges());
    await first.journal.flush();
    const { end } = first.journal;
    first.states.of('a').table<number>('t').set('x', 2);
    first.states.of('a').table('t').delete('z');
    first.journal.append(first.states.takeChanges());
    await first.journal.flush();

    const second = await openJournal(folder, end);
    expect(contentOf(second.states)).toEqual({ a: [['t', 'x', 1]], b: [['u', 'y', 'text']] });
    expect(second.journal.end).toEqual(end);
    // What came after that end is cut off, so that it is not read after the next changes.
    second.states.of('a').table<number>('t').set('w', 3);
    second.journal.append(second.states.takeChanges());
    await second.journal.flush();
    const third = await openJournal(folder, second.journal.end);
    expect(contentOf(third.states).a).toEqual([
      ['t', 'w', 3],
      ['t', 'x', 1],
    ]);
    expect(third.warnings).toEqual([]);
  });

  test('begins a new file with everything, and deletes the old one when a checkpoint names the new one', async () => {
    const folder = join(tempDirectory(), 'state');
    const { states, journal } = await openJournal(folder);
    const table = states.of('a').table<string>('t');
    for (let round = 0; !journal.wantsAll; round += 1) {
      for (let key = 0; key < 2_000; key += 1) table.set(String(key), `${round}`.padEnd(100, 'x'));
      journal.append(states.takeChanges());
    }
    await journal.flush();
    const before = journal.end;
    journal.appendAll(states.takeAll());
    await journal.flush();
    expect(readdirSync(folder)).toHaveLength(2);
    await journal.noteSaved(before);
    expect(readdirSync(folder)).toHaveLength(2);
    await journal.noteSaved(journal.end);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(journal.wantsAll).toBe(false);
    const again = await openJournal(folder, journal.end);
    expect(again.states.of('a').table('t').size).toBe(2_000);
  });

  test.each([
    ['missing', undefined],
    ['too short', (bytes: Buffer) => bytes.subarray(0, -3)],
    [
      'damaged',
      (bytes: Buffer) => {
        const copy = Buffer.from(bytes);
        copy[copy.length - 6]! ^= 1;
        return copy;
      },
    ],
  ])(
    'a file that is %s is said, what can be read is used, and the journal goes on',
    async (_what, damage) => {
      const folder = join(tempDirectory(), 'state');
      const first = await openJournal(folder);
      for (const key of ['x', 'y']) {
        first.states.of('a').table<number>('t').set(key, 1);
        first.journal.append(first.states.takeChanges());
      }
      await first.journal.flush();
      const file = join(folder, readdirSync(folder)[0]!);
      if (damage === undefined) {
        const { rmSync } = await import('node:fs');
        rmSync(file);
      } else writeFileSync(file, damage(readFileSync(file)));
      const second = await openJournal(folder, first.journal.end);
      expect(second.warnings).toEqual([expect.objectContaining({ code: 'STATE_LOST', file })]);
      second.states.of('a').table<number>('t').set('w', 2);
      second.journal.append(second.states.takeChanges());
      await second.journal.flush();
      const third = await openJournal(folder, second.journal.end);
      expect(third.warnings).toEqual([]);
      const known = damage === undefined ? ['w'] : ['w', 'x'];
      expect(contentOf(third.states).a!.map(([, key]) => key)).toEqual(known);
    },
  );

  test('while nothing can be written it keeps in memory what the newest file needs, and no file before', async () => {
    const folder = join(tempDirectory(), 'state');
    const { states, journal } = await openJournal(folder);
    for (let round = 1; round <= 3; round += 1) {
      states.of('a').table<number>('t').set('x', round);
      journal.append(states.takeChanges());
      journal.appendAll(states.takeAll());
    }
    states.of('a').table<number>('t').set('y', 1);
    journal.append(states.takeChanges());
    await journal.flush();
    expect(readdirSync(folder)).toHaveLength(1);
    const again = await openJournal(folder, journal.end);
    expect(again.warnings).toEqual([]);
    expect(contentOf(again.states).a).toEqual([
      ['t', 'x', 3],
      ['t', 'y', 1],
    ]);
  });

  test('a new file that begins during a write leaves what the checkpoint of that write names', async () => {
    const folder = join(tempDirectory(), 'state');
    const { states, journal } = await openJournal(folder);
    states.of('a').table<number>('t').set('x', 1);
    journal.append(states.takeChanges());
    const { end } = journal;
    const flushed = journal.flush();
    journal.appendAll(states.takeAll());
    await flushed;
    const again = await openJournal(folder, end);
    expect(again.warnings).toEqual([]);
    expect(contentOf(again.states).a).toEqual([['t', 'x', 1]]);
  });

  test('is read by a command without changing a file', async () => {
    const folder = join(tempDirectory(), 'state');
    const { states, journal } = await openJournal(folder);
    states.of('a').table<number>('t').set('x', 1);
    journal.append(states.takeChanges());
    await journal.flush();
    const file = join(folder, readdirSync(folder)[0]!);
    appendFileSync(file, 'torn');
    const read = new PartitionStates();
    expect(await readState(folder, journal.end, read, () => undefined)).toBe(true);
    expect(contentOf(read)).toEqual({ a: [['t', 'x', 1]] });
    expect(readFileSync(file, 'utf8')).toMatch(/torn$/);
    expect(existsSync(file)).toBe(true);
  });

  test('a table that was dropped stays dropped', async () => {
    const folder = join(tempDirectory(), 'state');
    const { states, journal } = await openJournal(folder);
    states.of('a').table<number>('old').set('x', 1);
    states.of('a').table<number>('new').set('x', 1);
    journal.append(states.takeChanges());
    states.of('a').drop('old');
    journal.append(states.takeChanges());
    await journal.flush();
    const second = await openJournal(folder, journal.end);
    expect(contentOf(second.states)).toEqual({ a: [['new', 'x', 1]] });
  });
});
