import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sluice } from '../../harness/programs.js';
import { closingLine, progressLine } from '../../src/commands/replay-dead-letters.js';
import type { ReplayStatus } from '../../src/replay/replay-status.js';
import { tempDirectory } from '../support/temp-directory.js';

function status(changes: Partial<ReplayStatus> = {}): ReplayStatus {
  return {
    kind: 'replay',
    state: 'done',
    dryRun: false,
    startedAtMs: 0,
    selected: 12,
    outcomes: { written: 10, filtered: 1, parkedAgain: 1, purged: 0 },
    parkedAgain: { 'field-wrong-type': 1 },
    ...changes,
  };
}

describe('the line at the end', () => {
  it.each([
    ['all outcomes', status(), 'replayed 12: 10 written, 1 filtered, 1 parked again (field-wrong-type)'],
    [
      'several reasons',
      status({
        selected: 5,
        outcomes: { written: 0, filtered: 0, parkedAgain: 5, purged: 0 },
        parkedAgain: { 'no-fields': 2, 'rule-none': 3 },
      }),
      'replayed 5: 5 parked again (2 no-fields, 3 rule-none)',
    ],
    ['nothing', status({ selected: 0 }), 'no parked record matches'],
    [
      'a purge',
      status({ kind: 'purge', outcomes: { written: 0, filtered: 0, parkedAgain: 0, purged: 12 } }),
      'purged 12',
    ],
    [
      'a dry run',
      status({
        dryRun: true,
        selected: 11,
        outcomes: { written: 10, filtered: 1, parkedAgain: 0, purged: 0 },
      }),
      'would replay 11: 10 would be sent to the store, 1 filtered; the store was not asked',
    ],
    [
      'a stop in the middle',
      status({ state: 'stopped', selected: 20 }),
      'replayed 12: 10 written, 1 filtered, 1 parked again (field-wrong-type); 8 left, stopped',
    ],
  ])('names %s', (_what, of, line) => {
    expect(closingLine(of)).toBe(line);
  });

  it('and the one before name what the job waits for, safe for a terminal', () => {
    const waiting = status({ state: 'running', waitingFor: 'no answer\u001b[2J' });
    expect(progressLine(waiting)).toContain('replay: 12 of 12; waiting: no answer');
    expect(progressLine(waiting)).not.toContain('\u001b');
  });
});

describe('sluice dead-letters replay and purge', () => {
  function configured(): { root: string; config: string } {
    const root = join(tempDirectory(), 'data');
    const config = join(root, '..', 'sluice.yaml');
    writeFileSync(config, `stream: { log: { directory: ${join(root, 'log')} } }\n`);
    return { root, config };
  }

  it('create nothing where there is nothing', async () => {
    const { config } = configured();
    expect(await sluice(['dead-letters', 'replay', '--all', '-c', config])).toMatchObject({
      code: 0,
      stdout: 'no parked record matches\n',
    });
    expect(await sluice(['dead-letters', 'purge', '--older-than', 'soon', '-c', config])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('write it like 5s') as string,
    });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'are refused to another user than the owner while no gateway runs: a gateway could not open the journals',
    async () => {
      const { root, config } = configured();
      mkdirSync(join(root, 'dead-letter'), { recursive: true });
      chownSync(root, 65_534, 65_534);
      expect(await sluice(['dead-letters', 'replay', '--all', '-c', config])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('belongs to the user with the id 65534') as string,
      });
    },
  );
});
