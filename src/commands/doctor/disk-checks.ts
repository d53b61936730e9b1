import { rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { dataDirectory } from '../../data-directory/data-directory.js';
import { problemsText } from '../../data-directory/directory-problem.js';
import { type InspectOptions, inspectDataDirectory } from '../../data-directory/inspect-directory.js';
import { freeBytesOf } from '../../lib/disk-room.js';
import { folderProblem, nearestExisting } from '../environment-problems.js';
import { type CheckResult, fail, ok, sizeText, warn } from './check-result.js';

const DATA_FOLDER = 'data directory';

/** File system types of Linux, see statfs(2). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
]);

const TMPFS = 0x01021994;
const DISK = 'disk';
const APPENDS = 50;
const APPEND_BYTES = 4_096;

/** After this time the result comes from the appends so far. */
const STOP_AFTER_MS = 3_000;

const SLOW_MEDIAN_MS = 20;

const REAL: DiskSpeedParts = {
  append: async (file, bytes) => {
    await file.write(bytes);
    await file.datasync();
  },
  nowMs: () => performance.now(),
};

const FREE_SPACE = 'free space';
const LEAST_FREE_BYTES = 256 * 2 ** 20;

export interface DataFolderParts {
  /** Returns the type that statfs(2) reports; tests replace it. */
  readonly fileSystemType: (folder: string) => Promise<number>;
}

export interface DiskSpeedParts {
  /** Appends and calls fdatasync; tests replace it. */
  readonly append: (file: FileHandle, bytes: Uint8Array) => Promise<void>;
  readonly nowMs: () => number;
}

export interface SpaceNeed {
  readonly logMaxBytes: number;
  readonly deadLetterMaxBytes: number;
}

export interface FreeSpaceParts {
  /** Returns the free bytes on the disk of a folder; tests replace it. */
  readonly freeBytes: (folder: string) => Promise<number>;
}

/** Checks that the folder can be written, is closed to other users, and is on a disk that keeps what was synced. */
export async function checkDataFolder(
  folder: string,
  { fileSystemType }: DataFolderParts = { fileSystemType: linuxType },
  look: InspectOptions & { readonly log?: string } = {},
): Promise<CheckResult> {
  const ofFiles = await checkDataFiles(folder, look);
  if (ofFiles !== undefined) return ofFiles;
  const problem = await folderProblem(folder);
  if (problem !== undefined) {
    return fail(
      DATA_FOLDER,
      `${folder} cannot be created or written: ${problem.hint}`,
      'make it writable for this user, or name another with stream.log.directory',
    );
  }
  const existing = await nearestExisting(folder);
  const type = await fileSystemType(existing);
  const network = NETWORK_FILE_SYSTEMS.get(type);
  if (network !== undefined) {
    return warn(
      DATA_FOLDER,
      `${folder} is on a network file system (${network})`,
      'use a local disk: fdatasync and locks may not hold there, and acknowledged packets could be lost',
    );
  }
  if (type === TMPFS) {
    return warn(
      DATA_FOLDER,
      `${folder} is in memory (tmpfs) and does not survive a restart of the machine`,
      'use a disk for stream.log.directory',
    );
  }
  if (existing !== folder) return ok(DATA_FOLDER, `${folder} will be created`);
  const mode = (await stat(folder)).mode & 0o777;
  const written = mode.toString(8).padStart(4, '0');
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    return warn(
      DATA_FOLDER,
      `${folder} has mode ${written}: other users can read the payloads in it`,
      `chmod -R go-rwx ${folder}`,
    );
  }
  return ok(DATA_FOLDER, `${folder} can be written, mode ${written}`);
}

/** Looks at the files as a start does. `undefined`: nothing is wrong with them. */
async function checkDataFiles(
  folder: string,
  { log, ...options }: InspectOptions & { readonly log?: string },
): Promise<CheckResult | undefined> {
  const directory = dataDirectory(folder);
  const found = await inspectDataDirectory({ ...directory, log: log ?? directory.log }, options);
  if (found.problems.length > 0) {
    const [first] = found.problems;
    return fail(DATA_FOLDER, problemsText(found.problems), first!.next);
  }
  const damaged = [found.damagedCleanStop, ...found.checkpoints.map((checkpoint) => checkpoint.damaged)]
    .filter((file) => file !== undefined)
    .map(({ file, why }) => `${file} is damaged: ${why}`);
  if (damaged.length === 0) return undefined;
  return warn(
    DATA_FOLDER,
    damaged.join('; '),
    'check the disk; the next start uses what is left, and its warnings say what that means',
  );
}

async function linuxType(folder: string): Promise<number> {
  return process.platform === 'linux' ? (await statfs(folder)).type >>> 0 : 0;
}

/**
 * Measures appends with fdatasync. Rejects with the error of the disk. Removes its files, also when a signal ends the
 * process.
 */
export async function checkDiskSpeed(folder: string, parts: DiskSpeedParts = REAL): Promise<CheckResult> {
  const temporary = await mkdtemp(join(await nearestExisting(folder), '.sluice-doctor-'));
  const stopListening = removeOnSignal(temporary);
  try {
    const tookMs = await timedAppends(join(temporary, 'append'), parts);
    return speedResult(tookMs);
  } finally {
    await rm(temporary, { recursive: true, force: true });
    stopListening();
  }
}

async function timedAppends(path: string, { append, nowMs }: DiskSpeedParts): Promise<number[]> {
  const bytes = new Uint8Array(APPEND_BYTES);
  const tookMs: number[] = [];
  // The file keeps its name while it is open: some file systems (btrfs) do not sync a file without a name.
  const file = await open(path, 'ax', 0o600);
  try {
    const stopAtMs = nowMs() + STOP_AFTER_MS;
    while (tookMs.length < APPENDS) {
      const beganMs = nowMs();
      await append(file, bytes);
      const endedMs = nowMs();
      tookMs.push(endedMs - beganMs);
      if (endedMs >= stopAtMs) break;
    }
    return tookMs;
  } finally {
    await file.close();
  }
}

function speedResult(tookMs: readonly number[]): CheckResult {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const medianMs = sorted[Math.floor(sorted.length / 2)]!;
  const found =
    `${tookMs.length} appends of 4 KiB with fdatasync: median ${msText(medianMs)}, worst ${msText(sorted.at(-1)!)}; ` +
    'an acknowledgement takes at least that long (group commit: one fdatasync serves all waiting packets)';
  if (medianMs <= SLOW_MEDIAN_MS) return ok(DISK, found);
  return warn(
    DISK,
    found,
    `over ${SLOW_MEDIAN_MS} ms a client that waits for each acknowledgement is slow: use a faster disk, or a disk that nothing else writes to`,
  );
}

function msText(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}

function removeOnSignal(folder: string): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const remove = (signal: NodeJS.Signals) => {
    rmSync(folder, { recursive: true, force: true });
    stopListening();
    process.kill(process.pid, signal);
  };
  const stopListening = () => {
    for (const signal of signals) process.off(signal, remove);
  };
  for (const signal of signals) process.on(signal, remove);
  return stopListening;
}

/** Compares the free space with the space that log and dead letter may still take; the store is not counted. */
export async function checkFreeSpace(
  folder: string,
  { logMaxBytes, deadLetterMaxBytes }: SpaceNeed,
  { freeBytes }: FreeSpaceParts = { freeBytes: freeBytesOf },
): Promise<CheckResult> {
  const free = await freeBytes(await nearestExisting(folder));
  const { log, deadLetter } = dataDirectory(folder);
  const needed =
    Math.max(0, logMaxBytes - (await bytesIn(log))) +
    Math.max(0, deadLetterMaxBytes - (await bytesIn(deadLetter)));
  const found = `${sizeText(free)} free, log and dead letter may grow by ${sizeText(needed)}`;
  const advice = 'free space, or lower stream.log.maxSize or consumer.deadLetter.maxSize';
  if (free < LEAST_FREE_BYTES) {
    return fail(FREE_SPACE, `${found}; below ${sizeText(LEAST_FREE_BYTES)} the disk is nearly full`, advice);
  }
  return free < needed
    ? warn(FREE_SPACE, found, `${advice}: a full disk stops the gateway from acknowledging`)
    : ok(FREE_SPACE, found);
}

/** What is free on the disk of a folder, for a person, if it is nearly full. */
export async function nearlyFullText(folder: string): Promise<string | undefined> {
  const free = await freeBytesOf(await nearestExisting(folder));
  return free < LEAST_FREE_BYTES ? `the disk is nearly full: ${sizeText(free)} free` : undefined;
}

/** Returns 0 for a missing folder. A file that is removed meanwhile does not count. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
