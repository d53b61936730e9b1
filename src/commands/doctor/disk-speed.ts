import { rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestExisting } from '../environment-problems.js';
import { type CheckResult, ok, warn } from './check-result.js';

const NAME = 'disk';
const APPENDS = 50;
const APPEND_BYTES = 4_096;
/** Then the appends so far have to do. */
const STOP_AFTER_MS = 3_000;
const SLOW_MEDIAN_MS = 20;

export interface DiskSpeedParts {
  /** One append with its fdatasync; a parameter for tests. */
  readonly append: (file: FileHandle, bytes: Uint8Array) => Promise<void>;
  readonly nowMs: () => number;
}

const REAL: DiskSpeedParts = {
  append: async (file, bytes) => {
    await file.write(bytes);
    await file.datasync();
  },
  nowMs: () => performance.now(),
};

/** Rejects with the error of the disk. Leaves nothing behind, not even when a signal ends the process. */
export async function checkDiskSpeed(folder: string, parts: DiskSpeedParts = REAL): Promise<CheckResult> {
  const temporary = await mkdtemp(join(await nearestExisting(folder), '.sluice-doctor-'));
  const forgetSignals = removeOnSignal(temporary);
  try {
    const tookMs = await timedAppends(join(temporary, 'append'), parts);
    return judged(tookMs);
  } finally {
    await rm(temporary, { recursive: true, force: true });
    forgetSignals();
  }
}

async function timedAppends(path: string, { append, nowMs }: DiskSpeedParts): Promise<number[]> {
  const bytes = new Uint8Array(APPEND_BYTES);
  const tookMs: number[] = [];
  // Not unlinked while it is open: some file systems (btrfs) do not sync a file without a name.
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

function judged(tookMs: readonly number[]): CheckResult {
  const sorted = tookMs.toSorted((a, b) => a - b);
  const medianMs = sorted[Math.floor(sorted.length / 2)]!;
  const found =
    `${tookMs.length} appends of 4 KiB with fdatasync: median ${msText(medianMs)}, worst ${msText(sorted.at(-1)!)}; ` +
    'an acknowledgement takes at least that long (group commit: one fdatasync for all that wait)';
  if (medianMs <= SLOW_MEDIAN_MS) return ok(NAME, found);
  return warn(
    NAME,
    found,
    `over ${SLOW_MEDIAN_MS} ms each client that waits for its acknowledgement is slow: take a faster disk, or one that nothing else writes to`,
  );
}

function msText(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}

function removeOnSignal(folder: string): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const remove = (signal: NodeJS.Signals) => {
    rmSync(folder, { recursive: true, force: true });
    forget();
    process.kill(process.pid, signal);
  };
  const forget = () => {
    for (const signal of signals) process.off(signal, remove);
  };
  for (const signal of signals) process.on(signal, remove);
  return forget;
}
