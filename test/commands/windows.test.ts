import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rebuildText, rebuildWindows } from '../../src/commands/rebuild-windows.js';
import { type CommandDeps, serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from '../../src/windows/windows-report.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { tempDirectory } from '../support/temp-directory.js';
import { windowsReport } from '../support/windows-report.js';
import { captured, runMain } from './run-main.js';

/** A configuration whose data directory is held by a gateway that answers so. */
async function configWith(deps: Partial<CommandDeps>): Promise<string> {
  const root = tempDirectory();
  const file = join(root, 'sluice.yaml');
  writeFileSync(file, 'stream: { log: { directory: ./log } }\n');
  const lock = await lockDataDirectory(dataDirectory(root));
  onTestFinished(() => lock.release());
  lock.onConnection((connection) => serveCommands(connection, { ...NO_COMMANDS, ...deps }));
  return file;
}

describe('sluice windows list', () => {
  const REPORT = windowsReport(
    [
      {
        measurement: 'climate_5min',
        openWindows: 1_200,
        markedWindows: 3,
        oldestMs: Date.parse('2026-11-30T11:25:00Z'),
        folds: 10,
        foldMs: 123,
        longestFoldMs: 40.4,
        rowsWritten: 12_000,
        rowsInexact: 1,
      },
      { measurement: 'climate_1d' },
    ],
    { memoryBytes: 5_000, watermarkMs: Date.parse('2026-11-30T11:29:00.123Z') },
  );

  it('prints a table of resolutions, where the values are and the memory', async () => {
    const file = await configWith({ listWindows: async () => REPORT });
    expect(await runMain('windows', 'list', '-c', file)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `MEASUREMENT   OPEN   MARKED  OLDEST                FOLDS  MEAN   LONGEST  ROWS    REFUSED  INEXACT
climate_5min  1,200  3       2026-11-30T11:25:00Z  10     12 ms  40 ms    12,000  0        1
climate_1d    0      0       -                     0      -      -        0       0        0

values of climate: 20 accepted = 11 aggregated + 4 awaiting + 3 beyond memory + 2 beyond retention
memory: 5KiB of 128MiB
receive times have come to 2026-11-30T11:29:00Z
`,
    });
  });

  it('prints what goes wrong', async () => {
    const report = { ...REPORT, watermarkMs: undefined, problem: 'the store does not answer' };
    const file = await configWith({ listWindows: async () => report });
    const { stdout } = await runMain('windows', 'list', '-c', file);
    expect(stdout).toContain('\nno record yet\nproblem: the store does not answer\n');
  });

  it('prints JSON', async () => {
    const file = await configWith({ listWindows: async () => REPORT });
    expect(JSON.parse((await runMain('windows', 'list', '-c', file, '--json')).stdout)).toEqual(REPORT);
  });

  it('needs a gateway', async () => {
    const file = join(tempDirectory(), 'sluice.yaml');
    writeFileSync(file, 'stream: { log: { directory: ./log } }\n');
    const { exitCode, stderr } = await runMain('windows', 'list', '-c', file);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no gateway runs on');
  });
});

describe('sluice windows rebuild', () => {
  const RESULT: RebuildResult = {
    aggregates: [{ measurement: 'climate_5min', windows: 12, beyondRetention: 0 }],
  };
  const FROM = Date.parse('2026-11-29T00:00:00Z');
  const TO = Date.parse('2026-11-29T01:00:00Z');
  const TIMES = ['--from', '2026-11-29', '--to', '2026-11-29T01:00:00Z'] as const;

  const marked = (markedWindows: number, known: Partial<WindowsReport> = {}) =>
    windowsReport(
      [
        { measurement: 'climate_5min', markedWindows },
        { measurement: 'other_1h', markedWindows: 9 },
      ],
      known,
    );

  /** A gateway whose windows are at these reports, one after the other, and what it was asked to rebuild. */
  async function gatewayAt(reports: readonly WindowsReport[], result = RESULT) {
    const asked: RebuildRequest[] = [];
    const left = [...reports];
    const file = await configWith({
      listWindows: async () => left.shift()!,
      rebuildWindows: async (request) => {
        asked.push(request);
        return result;
      },
    });
    return { file, asked, left };
  }

  it('shows with --dry-run what would be computed', async () => {
    const { file, asked } = await gatewayAt([]);
    const outcome = await runMain('windows', 'rebuild', 'climate', '-c', file, ...TIMES, '--dry-run');
    expect(outcome).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: 'climate_5min: 12 windows would be computed again\n',
    });
    expect(asked).toEqual([
      { aggregate: 'climate', fromMs: FROM, toMs: TO, isDryRun: true, isForced: false },
    ]);
  });

  it('waits until there are no more marks than before', async () => {
    const { file, asked, left } = await gatewayAt([marked(2), marked(14), marked(7), marked(2), marked(0)]);
    const pauses: number[] = [];
    const options = { config: file, fromMs: FROM, toMs: TO, isDryRun: false, isForced: true, json: false };
    const pause = async (ms: number) => pauses.push(ms);
    const outcome = await captured(() => rebuildWindows({ ...options, pause }));
    expect(outcome).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: 'climate_5min: 12 windows marked to be computed again\nAll that have closed are computed.\n',
    });
    expect(asked).toEqual([{ fromMs: FROM, toMs: TO, isDryRun: false, isForced: true }]);
    expect(pauses).toHaveLength(2);
    expect(left).toHaveLength(1);
  });

  it('prints once what keeps the windows from being computed', async () => {
    const problem = 'the store does not answer';
    const { file } = await gatewayAt([marked(0), marked(1, { problem }), marked(1, { problem }), marked(0)]);
    const options = { config: file, fromMs: FROM, toMs: TO, isDryRun: false, isForced: false, json: true };
    const outcome = await captured(() => rebuildWindows({ ...options, pause: async () => undefined }));
    expect(outcome.stderr).toBe(`${problem}\n`);
    expect(JSON.parse(outcome.stdout)).toEqual(RESULT);
  });

  it('ends with 1 when windows are older than the points of the store', async () => {
    const result = { aggregates: [{ measurement: 'climate_5min', windows: 12, beyondRetention: 11 }] };
    const { file } = await gatewayAt([marked(0), marked(0)], result);
    const { exitCode, stdout } = await runMain('windows', 'rebuild', '-c', file, ...TIMES);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      'climate_5min: 1 window marked to be computed again; 11 windows begin before the points that the store keeps',
    );
  });

  it.each([
    [['--from', 'yesterday'], 'It must be a time'],
    [['--from', '2026-02-30'], 'It must be a time'],
    [[], '--from is needed'],
    [['--from', '2026-11-30', '--to', '2026-11-29'], '--from must be before --to'],
  ])('takes %j for wrong usage', async (args, words) => {
    const { file } = await gatewayAt([]);
    const { exitCode, stderr } = await runMain('windows', 'rebuild', '-c', file, ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(words);
  });

  it('is refused with the reason of the gateway', async () => {
    const refusal = new SluiceError('USAGE_INVALID', 'there is no aggregate "klima"');
    const file = await configWith({ rebuildWindows: () => Promise.reject(refusal) });
    const outcome = await runMain('windows', 'rebuild', 'klima', '-c', file, ...TIMES, '--dry-run');
    expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
    expect(outcome.stderr).toContain(refusal.message);
  });

  it('finds no windows where none lie in the time', () => {
    expect(rebuildText({ aggregates: [] }, true)).toBe('No windows lie in this time.\n');
  });
});
