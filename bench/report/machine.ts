import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../harness/server-process.js';
import { spreadOf } from './spread.js';

/** Where and with what the figures were made. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly os: string;
  readonly fileSystem: string;
  /** Median of 4 KiB appends, each with an fdatasync: what one commit costs at least on this disk. */
  readonly fdatasyncMs: number;
  readonly node: string;
  readonly influxdb: string;
  readonly mosquitto: string;
  readonly duckdb: string;
  /** Short commit id, with `+changes` when the tree differs from it. */
  readonly revision: string;
}

const NOT_INSTALLED = 'not installed';

/** From linux/magic.h, 2026. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext2/3/4',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
  16914836: 'tmpfs: memory, no disk',
};

export async function describeMachine(directory: string): Promise<Machine> {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    os: operatingSystem(),
    fileSystem: fileSystemOf(directory),
    fdatasyncMs: fdatasyncMs(directory),
    node: process.version,
    influxdb: versionOf('influxd', ['version']),
    mosquitto: versionOf('mosquitto', ['-h']),
    duckdb: await duckdbVersion(),
    revision: revision(),
  };
}

export function machineText(machine: Machine): string {
  const {
    cores,
    cpu,
    memoryBytes,
    os,
    fileSystem,
    fdatasyncMs,
    node,
    influxdb,
    mosquitto,
    duckdb,
    revision,
  } = machine;
  return [
    `${cores} cores (${cpu}), ${Math.round(memoryBytes / 2 ** 30)} GiB, ${os}`,
    `disk: ${fileSystem}, one 4 KiB append with fdatasync takes ${fdatasyncMs.toFixed(2)} ms`,
    `Node ${node} · InfluxDB ${influxdb} · Mosquitto ${mosquitto} · DuckDB ${duckdb} · revision ${revision}`,
    '',
  ].join('\n');
}

function operatingSystem(): string {
  try {
    const pretty = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    if (pretty !== undefined) return `${pretty}, ${type()} ${release()}`;
  } catch {
    // Not every system has the file: the kernel's name and release do.
  }
  return `${type()} ${release()}`;
}

function fileSystemOf(directory: string): string {
  const magic = statfsSync(directory).type;
  return FILE_SYSTEMS[magic] ?? `0x${magic.toString(16)}`;
}

function fdatasyncMs(directory: string): number {
  const path = join(directory, `sluice-bench-fdatasync-${process.pid}`);
  const file = openSync(path, 'ax', 0o600);
  const block = Buffer.alloc(4096, 1);
  try {
    const took = Array.from({ length: 50 }, () => {
      const startedMs = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      return performance.now() - startedMs;
    });
    return spreadOf(took).median;
  } finally {
    closeSync(file);
    rmSync(path);
  }
}

/** Mosquitto tells its version only in its help, and ends with 3 after that. */
function versionOf(name: string, args: readonly string[]): string {
  const program = findProgram(name);
  if (program === undefined) return NOT_INSTALLED;
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return /\bv?(\d+\.\d+[^\s(]*)/.exec(stdout)?.[1] ?? 'unknown';
}

async function duckdbVersion(): Promise<string> {
  try {
    const { version } = await import('@duckdb/node-api');
    return version();
  } catch {
    // An optional dependency.
    return NOT_INSTALLED;
  }
}

function revision(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: import.meta.dirname,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const id = git('rev-parse', '--short', 'HEAD').trim();
    return git('status', '--porcelain').trim() === '' ? id : `${id}+changes`;
  } catch {
    // Without git, or not a clone.
    return 'unknown';
  }
}
