import type { Finding } from './look.js';

/** So many messages of one reason within this time are worth an incident; single ones are the business of the dead letter. */
const MANY = 10;
const WITHIN_MS = 60_000;
/** It is over when none has come for as long. */
const OVER_AFTER_MS = 60_000;

interface Burst {
  /** How many were parked when the time began. */
  sinceMs: number;
  sinceCount: number;
  lastMs: number;
  lastCount: number;
  isMany: boolean;
  /** Parked before the burst. */
  before: number;
}

/** What a list of the newest parked messages says of a reason. */
export interface ParkedSample {
  readonly topic: string;
  readonly reason: string;
}

/** Finds the reasons for which many messages are parked. The codes are a closed list, so there are few. */
export class ParkedBursts {
  readonly #bursts = new Map<string, Burst>();
  readonly #samples = new Map<string, ParkedSample | undefined>();

  #isFirstLook = true;

  /** `parked`: how many were ever parked, by code. */
  look(parked: Readonly<Record<string, number>>, monotonicMs: number): Finding[] {
    const findings: Finding[] = [];
    for (const [code, count] of Object.entries(parked)) {
      const burst = this.#burstOf(code, count, monotonicMs);
      if (burst.isMany) findings.push(this.#finding(code, count - burst.before));
      else this.#samples.delete(code);
    }
    this.#isFirstLook = false;
    return findings;
  }

  /** The codes whose messages nobody has looked at yet. */
  get unknownCodes(): string[] {
    return [...this.#bursts].flatMap(([code, { isMany }]) =>
      isMany && !this.#samples.has(code) ? [code] : [],
    );
  }

  /** Tells what the messages of a code are; undefined where it cannot be said. */
  name(code: string, sample: ParkedSample | undefined): void {
    this.#samples.set(code, sample);
  }

  #burstOf(code: string, count: number, nowMs: number): Burst {
    const known = this.#bursts.get(code);
    // What was parked before the first look is not new; a code that comes later was never counted before.
    const before = this.#isFirstLook ? count : 0;
    const burst = known ?? {
      sinceMs: nowMs,
      sinceCount: before,
      lastMs: nowMs,
      lastCount: before,
      isMany: false,
      before,
    };
    this.#bursts.set(code, burst);
    if (count > burst.lastCount) burst.lastMs = nowMs;
    burst.lastCount = count;
    if (burst.isMany) {
      burst.isMany = nowMs - burst.lastMs < OVER_AFTER_MS;
    } else if (count - burst.sinceCount >= MANY) {
      burst.isMany = true;
      burst.before = burst.sinceCount;
    }
    if (nowMs - burst.sinceMs < WITHIN_MS && !burst.isMany) return burst;
    burst.sinceMs = nowMs;
    burst.sinceCount = count;
    return burst;
  }

  #finding(code: string, count: number): Finding {
    const sample = this.#samples.get(code);
    const detail = `${count} messages are set aside (${code})${sample === undefined ? '' : `: ${sample.reason}`}`;
    const subject = sample?.topic ?? code;
    return { key: `many-parked:${code}`, state: 'failing', cause: 'many-parked', subject, detail };
  }
}
