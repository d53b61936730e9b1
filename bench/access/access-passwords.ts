import { scrypt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { PasswordChecker } from '../../src/access/password-checker.js';
import { hashPassword, parsePasswordHash, type ScryptHash } from '../../src/access/password-hash.js';
import type { LogWriter } from '../../src/stream/log/log-writer.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { cityRecords } from '../micro/readings.js';
import type { BenchOptions } from '../options.js';
import { openBenchLog } from '../processes/open-bench-log.js';
import { percentile } from '../report/percentile.js';
import { spreadOf, spreadText } from '../report/spread.js';
import type { PartReport } from '../report/table.js';

const PASSWORDS = 500;
const QUICK_PASSWORDS = 8;
/** Commits that are measured without passwords. */
const COMMITS = 5_000;
const QUICK_COMMITS = 200;
/** Passwords that wait at a time: the queue of the gateway has room for them. */
const WAITING = 200;
const PASSWORD = Buffer.from('correct horse battery staple');

interface Arm {
  readonly name: string;
  /** Checks one password. Absent: none is checked. */
  readonly check?: () => Promise<unknown>;
}

/** How long the log takes for a write and an fdatasync, while nobody signs in and while passwords are checked. */
export async function accessPasswords(options: BenchOptions): Promise<PartReport> {
  const passwords = options.isQuick ? QUICK_PASSWORDS : PASSWORDS;
  const commits = options.isQuick ? QUICK_COMMITS : COMMITS;
  const repeat = options.repeat ?? (options.isQuick ? 1 : 3);
  const checker = new PasswordChecker();
  const folder = await mkdtemp(join(options.directory, 'sluice-bench-passwords-'));
  const log = await openBenchLog(join(folder, 'log'));
  const arms = armsOf(checker);
  const runs = arms.map(() => [] as { p50: number; p99: number; max: number; commits: number }[]);
  try {
    for (let run = 0; run < repeat; run += 1) {
      // One after the other in each round, so that a change of the machine meets all of them.
      for (const [index, { check }] of arms.entries()) {
        const ms = await commitTimes(log, check === undefined ? commits : checkAll(passwords, check));
        runs[index]!.push({
          p50: percentile(ms, 0.5),
          p99: percentile(ms, 0.99),
          max: ms.at(-1) ?? Number.NaN,
          commits: ms.length,
        });
      }
    }
  } finally {
    await checker.close();
    await log.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const figures = arms.map(({ name }, index) => ({
    name,
    p50Ms: spreadOf(runs[index]!.map(({ p50 }) => p50)),
    p99Ms: spreadOf(runs[index]!.map(({ p99 }) => p99)),
    maxMs: spreadOf(runs[index]!.map(({ max }) => max)),
    commits: spreadOf(runs[index]!.map((run) => run.commits)),
  }));
  return {
    title: `access-passwords: write and fdatasync of the log while ${passwords} passwords are checked`,
    notes: [
      'one record is appended after the other, and each is durable before the next',
      `passwords with scrypt ln=15, up to ${WAITING} waiting; Node's thread pool is what the gateway does not use`,
    ],
    heads: ['meanwhile', 'p50 ms', 'p99 ms', 'longest ms', 'commits'],
    rows: figures.map(({ name, p50Ms, p99Ms, maxMs, commits: count }) => [
      name,
      ...[p50Ms, p99Ms, maxMs].map((spread) => spreadText(spread, 1)),
      spreadText(count),
    ]),
    figures: { passwords, arms: figures },
  };
}

function armsOf(checker: PasswordChecker): Arm[] {
  const parsed = parsePasswordHash(hashPassword(PASSWORD));
  if (!parsed.ok || parsed.hash.kind !== 'scrypt') throw new Error('the hash of a new password is no scrypt');
  const { hash } = parsed;
  let asked = 0;
  // The same password is checked once at a time; a wrong one costs what a right one does.
  const question = () => {
    asked += 1;
    return { password: Buffer.from(`guess ${asked}`), hash, sender: '192.0.2.1', isWanted: () => true };
  };
  return [
    { name: 'no passwords' },
    { name: 'passwords, in the thread of their own', check: () => checker.check(question()) },
    { name: "passwords, on Node's thread pool", check: () => onThreadPool(hash) },
  ];
}

function onThreadPool({ costLog2, blockSize, parallelization, salt, hash }: ScryptHash): Promise<void> {
  const cost = { N: 2 ** costLog2, r: blockSize, p: parallelization, maxmem: 2 ** 26 };
  return new Promise((resolve, reject) => {
    scrypt(PASSWORD, salt, hash.length, cost, (failure) => (failure === null ? resolve() : reject(failure)));
  });
}

/** Resolves when all are checked; a new one begins as soon as one is done. */
async function checkAll(count: number, check: () => Promise<unknown>): Promise<void> {
  let left = count;
  const next = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await check();
    }
  };
  await Promise.all(Array.from({ length: Math.min(WAITING, count) }, next));
}

/** Times of single commits in ms, ascending: so many, or as many as there are until the promise resolves. */
async function commitTimes(log: LogWriter, until: number | Promise<void>): Promise<number[]> {
  const [record] = cityRecords(1);
  const ms: number[] = [];
  let isOver = false;
  const over = until instanceof Promise ? until.finally(() => (isOver = true)) : undefined;
  while (!isOver && (over !== undefined || ms.length < (until as number))) {
    const startedMs = performance.now();
    await appended(log, record!);
    ms.push(performance.now() - startedMs);
  }
  await over;
  await log.trim('consumer', log.durableSequence);
  return ms.sort((left, right) => left - right);
}

function appended(log: LogWriter, record: StreamRecord): Promise<void> {
  return new Promise((resolve) => log.append(record, () => resolve()));
}
