import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * How much of all cores was busy for so long, 0 to 1. Asked for before anything of ours runs, it is what other
 * programs take: figures made beside them are theirs too.
 */
export async function busyShare(forMs: number): Promise<number> {
  const before = times();
  await sleep(forMs);
  const after = times();
  const allMs = after.allMs - before.allMs;
  return allMs <= 0 ? 0 : 1 - (after.idleMs - before.idleMs) / allMs;
}

function times(): { allMs: number; idleMs: number } {
  let allMs = 0;
  let idleMs = 0;
  for (const { times } of cpus()) {
    allMs += times.user + times.nice + times.sys + times.idle + times.irq;
    idleMs += times.idle;
  }
  return { allMs, idleMs };
}
