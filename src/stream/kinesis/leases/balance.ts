export interface BalanceWorker {
  readonly workerId: string;
  /** Absent when the worker has no limit. */
  readonly maxLeases?: number;
}

/** BalanceLease is the lease of a shard that can be read now. */
export interface BalanceLease {
  readonly shardId: string;
  /** The worker that reads it; absent when it is free, or its owner has not renewed it for the fail-over time. */
  readonly reader?: string;
  /** True when it has been free for the fail-over time and no worker has taken it, although one could have. */
  readonly isNeglected: boolean;
}

export interface BalanceView {
  readonly me: string;
  /** The live workers; `me` may be missing, and the readers of leases are added. */
  readonly workers: readonly BalanceWorker[];
  readonly leases: readonly BalanceLease[];
  /** Leases that `me` is giving away already and still has as their reader. */
  readonly leaving: ReadonlySet<string>;
}

export interface BalanceMoves {
  readonly take: readonly string[];
  readonly giveAway: readonly string[];
  /** True when `me` has fewer than its share and finds nothing free: another worker is about to give something away. */
  readonly isWaiting: boolean;
}

/** How many leases a worker gives away at a time. Nobody reads a shard while its lease moves. */
export const MAX_LEAVING = 8;

/**
 * Returns what one worker does towards an even spread, in which no two workers differ by more than one lease. Every
 * worker computes the same targets from the same view, and only moves its own leases:
 * - It takes free leases up to its target: those it gets when all workers below their targets divide them in order.
 * - It gives away what it has above its target, a few at a time. Nothing is taken from a live worker by force, because
 *   the records it is processing would be read twice. It releases a lease itself once they are saved, and the next
 *   worker continues there.
 *
 * Targets follow the present counts, the largest first, so an even spread needs no move.
 */
export function balance(view: BalanceView): BalanceMoves {
  const workers = allWorkers(view);
  const counts = countByReader(view.leases);
  const targets = targetsOf(workers, view.leases.length);
  const mine = view.leases.filter(({ reader }) => reader === view.me).map(({ shardId }) => shardId);
  const surplus = mine.length - (targets.get(view.me) ?? 0);
  if (surplus > 0) {
    const wanted = Math.min(surplus, MAX_LEAVING) - mine.filter((id) => view.leaving.has(id)).length;
    const staying = mine.filter((id) => !view.leaving.has(id)).sort();
    return { take: [], giveAway: wanted > 0 ? staying.slice(-wanted) : [], isWaiting: false };
  }
  const take = takes(view, workers, counts, targets);
  return { take, giveAway: [], isWaiting: take.length < -surplus };
}

function takes(
  view: BalanceView,
  workers: readonly BalanceWorker[],
  counts: ReadonlyMap<string, number>,
  targets: ReadonlyMap<string, number>,
): readonly string[] {
  const free = view.leases.filter(({ reader }) => reader === undefined);
  const freeIds = free.map(({ shardId }) => shardId).sort();
  let at = 0;
  for (const { workerId } of workers) {
    const wanted = Math.max(0, (targets.get(workerId) ?? 0) - (counts.get(workerId) ?? 0));
    if (workerId !== view.me) {
      at += wanted;
      continue;
    }
    const share = freeIds.slice(at, at + wanted);
    if (share.length > 0) return share;
  }
  // The worker that should take it does not (its view of the stream may be older): better uneven than unread.
  const cap = workers.find(({ workerId }) => workerId === view.me)?.maxLeases ?? Number.POSITIVE_INFINITY;
  const neglected = free.filter(({ isNeglected }) => isNeglected).map(({ shardId }) => shardId);
  return (counts.get(view.me) ?? 0) < cap ? neglected.sort().slice(0, 1) : [];
}

/** Sorts the workers in the order in which they get the remainder of the division: those that have more keep more. */
function allWorkers({ me, workers, leases }: BalanceView): readonly BalanceWorker[] {
  const all = new Map<string, BalanceWorker>([[me, { workerId: me }]]);
  for (const { reader } of leases) {
    if (reader !== undefined) all.set(reader, { workerId: reader });
  }
  for (const worker of workers) all.set(worker.workerId, worker);
  const counts = countByReader(leases);
  return [...all.values()].sort(
    (a, b) =>
      (counts.get(b.workerId) ?? 0) - (counts.get(a.workerId) ?? 0) || (a.workerId < b.workerId ? -1 : 1),
  );
}

function countByReader(leases: readonly BalanceLease[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { reader } of leases) {
    if (reader !== undefined) counts.set(reader, (counts.get(reader) ?? 0) + 1);
  }
  return counts;
}

/** Distributes the leases one by one, round after round, among the workers below their limits. */
function targetsOf(workers: readonly BalanceWorker[], leases: number): ReadonlyMap<string, number> {
  const targets = new Map<string, number>();
  let left = leases;
  for (let level = 0; left > 0; level += 1) {
    const open = workers.filter(({ maxLeases }) => (maxLeases ?? Number.POSITIVE_INFINITY) > level);
    if (open.length === 0) break;
    for (const { workerId } of open.slice(0, left)) targets.set(workerId, level + 1);
    left -= Math.min(open.length, left);
  }
  return targets;
}
