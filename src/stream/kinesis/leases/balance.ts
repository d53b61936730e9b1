export interface BalanceWorker {
  readonly workerId: string;
  /** Absent: no limit. */
  readonly maxLeases?: number;
}

/** A lease of a shard that can be read now. */
export interface BalanceLease {
  readonly shardId: string;
  /** Who is reading it; absent when it is free, or its owner has not renewed it for the fail-over time. */
  readonly reader?: string;
  /** Free, and nobody has taken it for the fail-over time although somebody could have. */
  readonly isNeglected: boolean;
}

export interface BalanceView {
  readonly me: string;
  /** All that show signs of life, `me` among them or not. Readers of leases are added. */
  readonly workers: readonly BalanceWorker[];
  readonly leases: readonly BalanceLease[];
  /** Mine already on the way to somebody else; still with me as their reader. */
  readonly leaving: ReadonlySet<string>;
}

export interface BalanceMoves {
  readonly take: readonly string[];
  readonly giveAway: readonly string[];
  /** Has fewer than its share and finds nothing free: somebody is about to give something away. */
  readonly isWaiting: boolean;
}

/** On the way from one worker to others at a time: each pauses its shard for a moment. */
export const MAX_LEAVING = 8;

/**
 * What one worker does towards an even spread (no two workers differ by more than one). Every worker computes
 * the same targets from the same view, and only moves its own leases:
 * - it takes free leases up to its target, those that fall to it when all hungry workers share them out in order;
 * - it gives away what it has above its target, a few at a time. Nothing is taken from a live worker by force:
 *   its records under way would come twice. It lets go itself once they are saved, and the next one goes on there.
 *
 * Targets follow the present counts, the largest first, so an even spread asks for no move at all.
 */
export function balance(view: BalanceView): BalanceMoves {
  const workers = everybody(view);
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
  // Whose turn it was does not take it (its view of the stream may be older): better uneven than unread.
  const cap = workers.find(({ workerId }) => workerId === view.me)?.maxLeases ?? Number.POSITIVE_INFINITY;
  const neglected = free.filter(({ isNeglected }) => isNeglected).map(({ shardId }) => shardId);
  return (counts.get(view.me) ?? 0) < cap ? neglected.sort().slice(0, 1) : [];
}

/** In the order in which the rest of a division is dealt out: who has more keeps more. */
function everybody({ me, workers, leases }: BalanceView): readonly BalanceWorker[] {
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

/** Deals the leases out one by one, round after round, to those below their limit. */
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
