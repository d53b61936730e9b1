import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNoRoom } from '../../../src/lib/disk-room.js';
import { Journal } from '../../../src/lib/journal/journal.js';
import { MemoryJournalFiles } from '../../support/memory-journal-files.js';

type State = Map<string, string>;

/** One entry sets a key; without a value it removes the key. */
function apply(state: State, entry: string): void {
  const at = entry.indexOf('=');
  const value = entry.slice(at + 1);
  if (value === '') state.delete(entry.slice(0, at));
  else state.set(entry.slice(0, at), value);
}

/** A process that keeps a map in a journal, on a disk that may fail. */
class Keeper {
  readonly state: State = new Map();
  readonly appended: string[] = [];
  /** So many of `appended` are durable, as far as the journal said. */
  committed = 0;
  failed = false;
  #journal: Journal | undefined;

  async open(files: MemoryJournalFiles, takesCopy: boolean): Promise<void> {
    const { state } = this;
    this.#journal = await Journal.open({
      directory: '/journal',
      format: 1,
      files,
      onEntry: (entry) => apply(state, entry.toString()),
      // A copy of the state, or the living one: entries may be replayed onto a state that has them.
      *snapshot() {
        for (const [key, value] of takesCopy ? [...state] : state) yield Buffer.from(`${key}=${value}`);
      },
      liveBytes: () => [...state].reduce((sum, [key, value]) => sum + key.length + value.length + 17, 0),
      maxBytes: 3000,
      compactFromBytes: 120,
      onFailure: () => {
        this.failed = true;
      },
    });
  }

  get journal(): Journal {
    return this.#journal!;
  }

  set(entry: string): void {
    apply(this.state, entry);
    this.appended.push(entry);
    this.journal.append(Buffer.from(entry));
  }

  async commit(): Promise<void> {
    const count = this.appended.length;
    try {
      await this.journal.commit();
      this.committed = Math.max(this.committed, count);
    } catch (thrown) {
      if (!isNoRoom(thrown)) this.failed = true;
    }
  }
}

const entries = fc.tuple(
  fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  fc.nat(40).map((length) => 'v'.repeat(length)),
);

type Step = { readonly key: string; readonly value: string } | 'commit' | 'commit and wait' | 'turn';

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: entries.map(([key, value]): Step => ({ key, value })) },
    { weight: 2, arbitrary: fc.constant<Step>('commit') },
    { weight: 3, arbitrary: fc.constant<Step>('commit and wait') },
    { weight: 1, arbitrary: fc.constant<Step>('turn') },
  ),
  { minLength: 1, maxLength: 120 },
);

const life = fc.record({
  steps,
  endAt: fc.nat(40),
  takesCopy: fc.boolean(),
  noRoomAt: fc.uniqueArray(fc.integer({ min: 5, max: 60 }), { maxLength: 4 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  isPowerCut: fc.boolean(),
  keepsNames: fc.boolean(),
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Journal', () => {
  it('has after any end of the process what was committed, and nothing that was not appended', async () => {
    let compactions = 0;
    let ended = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
        let files = new MemoryJournalFiles();
        let before: State = new Map();
        for (const { steps: all, endAt, takesCopy, noRoomAt, share, isPowerCut, keepsNames } of lives) {
          const keeper = new Keeper();
          await keeper.open(files, takesCopy);
          expect(keeper.journal.recovered.damage).toBeUndefined();
          before = new Map(keeper.state);
          let number = 0;
          files.endAt = files.calls + endAt;
          files.refuse = (call) => (noRoomAt.includes(call) ? 'ENOSPC' : undefined);
          const commits: Promise<void>[] = [];
          for (const step of all) {
            if (files.hasEnded) break;
            if (step === 'commit') commits.push(keeper.commit());
            else if (step === 'commit and wait') await keeper.commit();
            else if (step === 'turn') await turn();
            else {
              number += 1;
              keeper.set(`${step.key}=${step.value === '' ? '' : `${number}${step.value}`}`);
            }
          }
          const turns = all.length % 4;
          for (let count = 0; count < turns && !files.hasEnded; count += 1) await turn();
          const { committed } = keeper;
          const wasEnded = files.hasEnded;
          if (wasEnded) ended += 1;
          else expect(keeper.failed).toBe(false);
          files.end();
          compactions += keeper.journal.compactions;
          await Promise.all(commits);
          files = isPowerCut ? files.afterPowerCut(share, keepsNames) : files.afterKill();
          const next = new Keeper();
          await next.open(files, takesCopy);
          expect(possibleStates(before, keeper.appended, committed)).toContainEqual([...next.state].sort());
        }
      }),
      { numRuns: 400 },
    );
    // Else the property says nothing.
    expect(compactions).toBeGreaterThan(40);
    expect(ended).toBeGreaterThan(40);
  });
});

/** The states after the committed entries, and after each further one. */
function possibleStates(before: State, appended: readonly string[], committed: number): [string, string][][] {
  const state = new Map(before);
  const states: [string, string][][] = [];
  for (let count = 0; count <= appended.length; count += 1) {
    if (count > 0) apply(state, appended[count - 1]!);
    if (count >= committed) states.push([...state].sort());
  }
  return states;
}
