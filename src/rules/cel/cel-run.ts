import type { Reading } from '../mapped.js';
import { CelFailure } from './cel-failure.js';
import type { CelValue } from './cel-value.js';

/**
 * The steps that one evaluation may take, and all those for the elements of one message together. A step is about a microsecond at worst. It is a count and no clock, so that a
 * replay of the record ends at the same place.
 */
export const CEL_MAX_STEPS = 100_000;

/** How deep lists and maps may be nested where all of them is walked; payloads are far below. */
const MAX_WALK_DEPTH = 200;

/** Characters that are walked for one step. */
const CHARACTERS_PER_STEP = 64;

const OVER_BUDGET = new CelFailure('over-budget', `it takes more than ${CEL_MAX_STEPS} steps`);
const TOO_DEEP = new CelFailure('failed', `a value is nested deeper than ${MAX_WALK_DEPTH} levels`);

/** CelRun is what one evaluation reads and counts. Each compiled expression has one and uses it again for each record. */
export class CelRun {
  reading!: Reading;
  /** The variables of macros; each has a fixed slot. */
  readonly slots: CelValue[];
  #steps = 0;
  #shared: Reading['steps'];

  constructor(slots: number) {
    this.slots = new Array<CelValue>(slots).fill(null);
  }

  begin(reading: Reading): void {
    this.reading = reading;
    this.#shared = reading.steps;
    this.#steps = reading.steps?.taken ?? 0;
  }

  /** Charges steps; a failure when the budget is used up. */
  charge(steps: number): CelFailure | undefined {
    this.#steps += steps;
    if (this.#shared !== undefined) this.#shared.taken = this.#steps;
    return this.#steps > CEL_MAX_STEPS ? OVER_BUDGET : undefined;
  }

  /** Charges a walk over text. Short text costs nothing beyond the node that reads it. */
  chargeText(characters: number): CelFailure | undefined {
    return characters < CHARACTERS_PER_STEP
      ? undefined
      : this.charge(Math.floor(characters / CHARACTERS_PER_STEP));
  }

  /** Charges a search: in the worst case it compares the whole needle at each place. */
  chargeSearch(text: string, needle: string): CelFailure | undefined {
    return this.chargeText(text.length * (1 + Math.floor(needle.length / CHARACTERS_PER_STEP)));
  }

  /** Charges the elements of a list or map that is walked inside `depth` others. */
  chargeWalk(elements: number, depth: number): CelFailure | undefined {
    return depth > MAX_WALK_DEPTH ? TOO_DEEP : this.charge(elements);
  }
}
