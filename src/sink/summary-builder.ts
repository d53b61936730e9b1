import type { FieldSummary, NumberSummary, StepSummary, StoredValue } from './field-summary.js';
import { TopCounter } from './top-values.js';
import type { FoldField } from './window-reader.js';

const NS_PER_S = 1_000_000_000;

/** Returns the bin of a value in a sketch: see quantile-sketch.ts. */
export type BinOf = (value: number) => number;

/**
 * Computes the summary of one field of one group from its values. The series of a group come one after another:
 * `beginSeries`, the values of the series in the order of time, `endSeries`. Times are ns since the start of the window,
 * negative before it; as doubles they are exact for 104 days.
 */
export class SummaryBuilder {
  readonly #field: FoldField;
  readonly #sizeNs: number;
  readonly #binOf: BinOf;

  #texts = 0;
  #booleans = 0;
  #trues = 0;

  #numbers = 0;
  #sum = 0;
  /** What the additions to #sum have lost so far (Neumaier). */
  #sumLoss = 0;
  #mean = 0;
  #m2 = 0;
  #m3 = 0;
  #m4 = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  readonly #histogram: number[] | undefined;
  readonly #bins: Map<number, number> | undefined;

  readonly #top: TopCounter | undefined;

  #changes = 0;
  #increase = 0;
  #weightedSum = 0;
  #weightedNs = 0;

  /** The first and the last number of the group, of the series that have ended. */
  #first: Edge | undefined;
  #last: Edge | undefined;

  #key = '';
  #seriesNumbers = 0;
  #seriesFirst = 0;
  #seriesFirstNs = 0;
  #seriesLast = 0;
  #seriesLastNs = 0;
  #previous: StoredValue | undefined;
  #previousNs = 0;

  constructor(field: FoldField, sizeNs: number, binOf: BinOf) {
    this.#field = field;
    this.#sizeNs = sizeNs;
    this.#binOf = binOf;
    this.#histogram =
      field.histogram === undefined ? undefined : new Array<number>(field.histogram.length + 1).fill(0);
    this.#bins = field.quantiles ? new Map() : undefined;
    this.#top = field.top === true ? new TopCounter() : undefined;
  }

  /** `key` orders the series of the group, for values of one time. */
  beginSeries(key: string): void {
    this.#key = key;
    this.#seriesNumbers = 0;
    this.#previous = undefined;
  }

  /** A value before the start only serves the comparison with the first one of the window. */
  add(value: StoredValue, atNs: number): void {
    if (atNs >= 0) {
      if (this.#field.steps) this.#addStep(value, atNs);
      this.#top?.add(value);
      if (typeof value === 'number') this.#addNumber(value, atNs);
      else this.#addOther(value);
    }
    this.#previous = value;
    this.#previousNs = atNs;
  }

  endSeries(): void {
    if (this.#seriesNumbers === 0) return;
    if (this.#field.steps) this.#addWeight(this.#seriesLast, this.#sizeNs - this.#seriesLastNs);
    const first = { value: this.#seriesFirst, atNs: this.#seriesFirstNs, key: this.#key };
    if (this.#first === undefined || isBefore(first, this.#first)) this.#first = first;
    const last = { value: this.#seriesLast, atNs: this.#seriesLastNs, key: this.#key };
    if (this.#last === undefined || isAfter(last, this.#last)) this.#last = last;
    this.#seriesNumbers = 0;
  }

  /** Returns undefined when there is no value. */
  summary(): FieldSummary | undefined {
    const others = {
      ...(this.#field.steps && { steps: this.#steps() }),
      ...(this.#top !== undefined && { top: this.#top.topValues(this.#numbers > 0) }),
    };
    // Stores that keep two types of one field return the numbers.
    if (this.#numbers > 0) return { count: this.#numbers, numbers: this.#numberSummary(), ...others };
    const count = this.#booleans + this.#texts;
    if (count === 0) return undefined;
    return { count, ...(this.#texts === 0 && { trueCount: this.#trues }), ...others };
  }

  #addStep(value: StoredValue, atNs: number): void {
    const previous = this.#previous;
    if (previous === undefined) return;
    if (previous !== value) this.#changes += 1;
    if (typeof value !== 'number' || typeof previous !== 'number') return;
    this.#increase += value < previous ? value : value - previous;
    if (this.#previousNs >= 0) this.#addWeight(previous, atNs - this.#previousNs);
  }

  #addWeight(value: number, ns: number): void {
    this.#weightedSum += value * (ns / NS_PER_S);
    this.#weightedNs += ns;
  }

  #addOther(value: boolean | string): void {
    if (typeof value === 'string') this.#texts += 1;
    else this.#booleans += 1;
    if (value === true) this.#trues += 1;
  }

  #addNumber(value: number, atNs: number): void {
    if (this.#seriesNumbers === 0) {
      this.#seriesFirst = value;
      this.#seriesFirstNs = atNs;
    }
    this.#seriesLast = value;
    this.#seriesLastNs = atNs;
    this.#seriesNumbers += 1;
    this.#addToSum(value);
    this.#addToMoments(value);
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#histogram !== undefined) this.#histogram[slotOf(value, this.#field.histogram!)]! += 1;
    if (this.#bins !== undefined) {
      const bin = this.#binOf(value);
      this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + 1);
    }
  }

  #addToSum(value: number): void {
    const sum = this.#sum + value;
    this.#sumLoss +=
      Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
  }

  /** Welford's update, with Pébay's terms for the third and fourth powers. */
  #addToMoments(value: number): void {
    const before = this.#numbers;
    const count = before + 1;
    this.#numbers = count;
    const delta = value - this.#mean;
    const step = delta / count;
    const square = delta * step * before;
    this.#mean += step;
    if (this.#field.shape) {
      this.#m4 +=
        square * step * step * (count * count - 3 * count + 3) +
        6 * step * step * this.#m2 -
        4 * step * this.#m3;
      this.#m3 += square * step * (count - 2) - 3 * step * this.#m2;
    }
    this.#m2 += square;
  }

  #numberSummary(): NumberSummary {
    const sum = this.#sum + this.#sumLoss;
    return {
      // Beyond the range of doubles the loss is not a number.
      sum: Number.isNaN(sum) ? this.#sum : sum,
      mean: this.#mean,
      m2: this.#m2,
      ...(this.#field.shape && { m3: this.#m3, m4: this.#m4 }),
      min: this.#min,
      max: this.#max,
      first: this.#first!.value,
      last: this.#last!.value,
      ...(this.#histogram !== undefined && { histogram: this.#histogram }),
      ...(this.#bins !== undefined && { sketch: this.#bins }),
    };
  }

  #steps(): StepSummary {
    return {
      changes: this.#changes,
      increase: this.#increase,
      weightedSum: this.#weightedSum,
      seconds: this.#weightedNs / NS_PER_S,
    };
  }
}

interface Edge {
  readonly value: number;
  readonly atNs: number;
  readonly key: string;
}

function isBefore(a: Edge, b: Edge): boolean {
  return a.atNs < b.atNs || (a.atNs === b.atNs && a.key > b.key);
}

function isAfter(a: Edge, b: Edge): boolean {
  return a.atNs > b.atNs || (a.atNs === b.atNs && a.key > b.key);
}

/** Returns how many of the ascending bounds are at most the value. */
function slotOf(value: number, bounds: readonly number[]): number {
  let slot = 0;
  while (slot < bounds.length && value >= bounds[slot]!) slot += 1;
  return slot;
}
