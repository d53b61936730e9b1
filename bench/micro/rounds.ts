import { type Spread, spreadOf } from '../report/spread.js';

/** Something measured against its alternative: operations a second of both, in rounds that take turns. */
export interface Comparison {
  readonly name: string;
  readonly alternative: string;
  readonly ours: Spread;
  readonly theirs: Spread;
  /** Ours over theirs, round by round. */
  readonly ratio: Spread;
}

/** Does its work once and returns how many operations that were. */
export type Work = () => number | Promise<number>;

export interface RoundSizes {
  readonly rounds: number;
  readonly roundMs: number;
}

/**
 * Rounds of ours and theirs alternate, and so does who begins: a machine that slows down slows both. The first
 * round of each is for the compiler and not counted.
 */
export async function compare(
  names: { readonly name: string; readonly alternative: string },
  ours: Work,
  theirs: Work,
  { rounds, roundMs }: RoundSizes,
): Promise<Comparison> {
  const oursPerSecond: number[] = [];
  const theirsPerSecond: number[] = [];
  await measure(ours, roundMs);
  await measure(theirs, roundMs);
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) oursPerSecond.push(await measure(ours, roundMs));
    theirsPerSecond.push(await measure(theirs, roundMs));
    if (round % 2 === 1) oursPerSecond.push(await measure(ours, roundMs));
  }
  return {
    ...names,
    ours: spreadOf(oursPerSecond),
    theirs: spreadOf(theirsPerSecond),
    ratio: spreadOf(oursPerSecond.map((ours, round) => ours / theirsPerSecond[round]!)),
  };
}

async function measure(work: Work, roundMs: number): Promise<number> {
  globalThis.gc?.();
  const startedMs = performance.now();
  let operations = 0;
  let elapsedMs = 0;
  while (elapsedMs < roundMs) {
    operations += await work();
    elapsedMs = performance.now() - startedMs;
  }
  return (operations / elapsedMs) * 1000;
}
