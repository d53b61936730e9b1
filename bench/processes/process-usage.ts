import { readdirSync, readFileSync } from 'node:fs';

/** CPU of one process so far, from /proc. */
export interface CpuUsage {
  readonly totalSeconds: number;
  readonly mainThreadSeconds: number;
  /** Of the busiest thread beside the main one: the gateway's downstream thread. */
  readonly busiestOtherSeconds: number;
}

/** USER_HZ, which Linux fixes at 100 for /proc on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

/** Linux only. */
export function cpuUsageOf(pid: number): CpuUsage {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => ({
    isMain: Number(thread) === pid,
    seconds: cpuSeconds(`/proc/${pid}/task/${thread}/stat`),
  }));
  return {
    // Threads that have ended count here and nowhere else.
    totalSeconds: cpuSeconds(`/proc/${pid}/stat`),
    mainThreadSeconds: threads.find(({ isMain }) => isMain)?.seconds ?? 0,
    busiestOtherSeconds: Math.max(
      0,
      ...threads.filter(({ isMain }) => !isMain).map(({ seconds }) => seconds),
    ),
  };
}

/** Largest resident memory the process ever had. */
export function peakRssBytes(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status has no VmHWM`);
  return Number(kib) * 1024;
}

function cpuSeconds(statFile: string): number {
  const stat = readFileSync(statFile, 'utf8');
  // The name in parentheses may hold blanks; utime and stime are fields 14 and 15 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
