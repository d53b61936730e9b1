import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PARTS } from '../../bench/options.js';
import { findProgram } from '../../harness/server-process.js';
import { tempDirectory } from '../support/temp-directory.js';

const ROOT = join(import.meta.dirname, '..', '..');

/** The compiled program, as `npm run bench` starts it. */
function bench(...args: string[]) {
  return spawnSync(process.execPath, ['--expose-gc', join(ROOT, 'dist', 'bench', 'main.js'), ...args], {
    encoding: 'utf8',
    cwd: ROOT,
  });
}

interface AckCell {
  readonly qos: number;
  readonly connections: number;
  readonly runs: Record<string, { perSecond: number; shed: number }[]>;
  readonly ratios: Record<string, { median: number; min: number; max: number; all: number[] }>;
}

interface Ack5Cell {
  readonly qos: number;
  readonly runs: Record<string, { perSecond: number }[]>;
  readonly ratios: Record<string, { all: number[] }>;
}

interface Results {
  readonly command: string;
  readonly machine: Record<string, unknown>;
  readonly parts: {
    readonly ack: { notes: string[]; figures: { messages: number; cells: AckCell[] } };
    readonly 'ack-5': { figures: { cells: Ack5Cell[] } };
    readonly micro: {
      figures: { comparisons: { name: string; ours: { median: number; all: number[] } }[] };
    };
  };
}

interface RestartFigures {
  readonly series: number;
  readonly with: { readonly notedBytes: { readonly median: number } };
  readonly late: { readonly notedBytes: number };
}

describe('npm run bench', () => {
  it('prints a table and writes the same figures as JSON, with the machine and what was compared', () => {
    const results = tempDirectory();
    const run = bench('ack', 'ack-5', 'micro', '--quick', '--messages', '200', '--results', results);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);

    expect(run.stdout).toContain('too short to be quoted');
    expect(run.stdout).toMatch(/QoS 1 x 20 \(100\) +Sluice +[\d,]+/);
    expect(run.stdout).toContain('where: "false"');
    expect(run.stdout).toMatch(/decode: strict JSON +JSON\.parse/);
    expect(run.stdout).toMatch(/append: log, 1000 waiting +write \+ fdatasync a record +[\d,]+/);

    const [file] = readdirSync(results);
    const { command, machine, parts } = JSON.parse(readFileSync(join(results, file!), 'utf8')) as Results;
    expect(command).toContain('npm run bench -- ack ack-5 micro --quick');
    expect(Object.keys(machine)).toEqual(
      expect.arrayContaining(['cores', 'cpu', 'os', 'fileSystem', 'node', 'influxdb', 'mosquitto', 'duckdb']),
    );
    expect(machine.node).toBe(process.version);

    const { cells, messages } = parts.ack.figures;
    expect(messages).toBe(200);
    expect(cells.map(({ qos }) => qos)).toEqual([0, 1, 2]);
    const others = findProgram('mosquitto') === undefined ? [] : ['mosquitto', 'mosquittoNoDelay'];
    for (const { runs, ratios } of cells) {
      expect(Object.keys(runs)).toEqual(['sluice', ...others]);
      for (const one of Object.values(runs).flat()) expect(one.perSecond).toBeGreaterThan(0);
      for (const name of others) {
        expect(ratios[name]!.all).toEqual([runs.sluice![0]!.perSecond / runs[name]![0]!.perSecond]);
      }
    }
    for (const { runs, ratios } of parts['ack-5'].figures.cells) {
      const compared = others.length === 0 ? [] : ['mosquitto5'];
      expect(Object.keys(runs)).toEqual(['version4', 'version5', ...compared]);
      for (const name of ['version4', ...compared]) {
        expect(ratios[name]!.all).toEqual([runs.version5![0]!.perSecond / runs[name]![0]!.perSecond]);
      }
    }
    expect(parts.micro.figures.comparisons.map(({ name }) => name)).toEqual([
      'decode: strict JSON',
      'decode + map: rule',
      'decode + map: four fields, where',
      'decode + map: built-in rule',
      'decode + map: policy cardinality',
      'decode + map: policy keep-last',
      'decode + map: policy spread',
      'decode + map: policy gaps',
      'decode + map: policy duplicates',
      'encode: line',
      'inspect: a parked record at a start',
      'append: log, 1 waiting',
      'append: log, 1000 waiting',
      'kinesis: aggregate',
      'kinesis: de-aggregate',
      'kinesis: encode + aggregate',
      'kinesis: de-aggregate + decode',
      'windows: note a value',
      'windows: note a late value',
    ]);
  });

  it('measures restarts with windows beside those without', () => {
    const results = tempDirectory();
    const run = bench('windows-restart', '--quick', '--results', results);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/seconds of a restart +[\d.]+ +[\d.]+/);
    expect(run.stdout).toMatch(/noted of windows, KB +0 +[\d.]+/);
    expect(run.stdout).toMatch(/late: seconds to open +0 +[\d.]+/);
    const [file] = readdirSync(results);
    const { parts } = JSON.parse(readFileSync(join(results, file!), 'utf8')) as {
      parts: { 'windows-restart': { figures: RestartFigures } };
    };
    const { series, with: having, late } = parts['windows-restart'].figures;
    // Two open windows of five fields, three when a boundary was crossed, however many series there are.
    expect([800, 1_200]).toContain(having.notedBytes.median);
    expect(late.notedBytes).toBeGreaterThan(120 * series);
  });

  it('names every part in its help', () => {
    const { status, stdout } = bench('--help');
    expect(status).toBe(0);
    for (const part of PARTS) expect(stdout).toContain(part);
  });

  it.each([
    ['a part that does not exist', ['e2e-oracle']],
    ['no messages', ['micro', '--messages', '0']],
    ['an option that does not exist', ['--fast']],
  ])('ends with 2 and writes nothing for %s', (_what, args) => {
    const results = tempDirectory();
    const { status, stderr } = bench(...args, '--results', results);
    expect(status).toBe(2);
    expect(stderr).toContain('Run with --help');
    expect(readdirSync(results)).toEqual([]);
  });
});
