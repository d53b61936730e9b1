import {
  chooseFault,
  type FaultShares,
  malformedPayload,
  type ReadingFault,
  wrongClockMs,
} from './faults.js';
import type { Fleet } from './fleet.js';

/** Maximum of readings that a lane holds back; beyond it a reading is published when it is due. */
const MAX_HELD = 10_000;

/** One message to publish. */
export interface Publication {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly fault?: ReadingFault;
  /** Whether this is the second copy of a duplicated reading. */
  readonly copy: boolean;
}

export interface LaneOptions {
  readonly fleet: Fleet;
  /** Indexes within the fleet of the devices of this lane, ascending. */
  readonly deviceIndexes: readonly number[];
  readonly seed: number;
  /** Simulated time of the fleet's first reading, ms since 1970. */
  readonly startMs: number;
  /** The readings that an earlier lane has made of these devices; the run began with those. */
  readonly before?: { readonly ticks: number; readonly elapsedMs: number };
  /** No reading has a simulated time after this one, ms since 1970. */
  readonly untilMs?: number;
  readonly faults: FaultShares;
  readonly lateByMs: number;
}

/**
 * The messages of one fleet's devices on one connection, in the order of publishing.
 * 1. The values of a reading depend only on seed, device and tick; a fault changes when and in which form it is sent.
 * 2. Timestamps of a device increase strictly, at least one resolution apart (except with `wrongClock`).
 * 3. With a message count exactly that many messages are taken, copies included, less those of silent devices.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #ready: Publication[] = [];
  /** Ordered by release, because the delay is the same for all. */
  readonly #late: { readonly releaseUs: number; readonly publication: Publication }[] = [];
  /** Readings that wait until the next reading of their device has overtaken them. */
  readonly #overtaken = new Map<number, Publication[]>();
  #plannedMessages = 0;
  readonly #mostMessages: number;
  #nextReading = 0;
  #stopped = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#mostMessages = laneMessages(options.fleet, options.deviceIndexes);
  }

  /** Whether nothing is left to publish. */
  get exhausted(): boolean {
    return this.#ended && this.#ready.length === 0 && this.#late.length === 0 && this.#overtaken.size === 0;
  }

  get #ended(): boolean {
    if (this.#stopped || this.#plannedMessages >= this.#mostMessages) return true;
    const { untilMs, startMs } = this.#options;
    return untilMs !== undefined && startMs + this.#nextElapsedUs() / 1000 > untilMs;
  }

  /** Simulated time of the next reading since the first one of this lane. */
  #nextElapsedUs(): number {
    const { stepUs } = this.#options.fleet;
    const { deviceIndex, tick } = this.#nextPosition();
    return offsetUs(this.#options.fleet, stepUs, deviceIndex) + tick * stepUs;
  }

  /** Makes no more readings; those held back are still published. */
  stop(): void {
    this.#stopped = true;
  }

  /** Makes no more readings and drops those held back. */
  discard(): void {
    this.#stopped = true;
    this.#ready.length = 0;
    this.#late.length = 0;
    this.#overtaken.clear();
  }

  /** Returns when `take` has the next message, in µs since the run began; undefined when exhausted. */
  nextDueUs(): number | undefined {
    if (this.exhausted) return undefined;
    if (this.#ready.length > 0 || this.#ended) return 0;
    const releaseUs = this.#late[0]?.releaseUs ?? Number.POSITIVE_INFINITY;
    return Math.min(releaseUs, this.#readingDueUs());
  }

  /** Takes the next message that is due; undefined when none is due yet. */
  take(nowUs: number): Publication | undefined {
    for (;;) {
      const waiting = this.#ready.shift() ?? this.#takeHeld(nowUs);
      if (waiting) return waiting;
      if (this.#ended || this.#readingDueUs() > nowUs) return undefined;
      this.#read(nowUs);
    }
  }

  #takeHeld(nowUs: number): Publication | undefined {
    const late = this.#late[0];
    if (late && (this.#ended || late.releaseUs <= nowUs)) {
      this.#late.shift();
      return late.publication;
    }
    if (!this.#ended) return undefined;
    // No next reading will overtake these any more, so they are in order and have no fault.
    for (const [device, publications] of this.#overtaken) {
      this.#overtaken.delete(device);
      for (const { topic, payload } of publications) this.#ready.push({ topic, payload, copy: false });
    }
    return this.#ready.shift();
  }

  #nextPosition(): { deviceIndex: number; tick: number } {
    const { deviceIndexes } = this.#options;
    return {
      deviceIndex: deviceIndexes[this.#nextReading % deviceIndexes.length]!,
      tick: Math.floor(this.#nextReading / deviceIndexes.length),
    };
  }

  #readingDueUs(): number {
    const { paceUs } = this.#options.fleet;
    if (paceUs === 0) return 0;
    const { deviceIndex, tick } = this.#nextPosition();
    return offsetUs(this.#options.fleet, paceUs, deviceIndex) + tick * paceUs;
  }

  #read(nowUs: number): void {
    const { fleet, seed, startMs, before, faults, lateByMs } = this.#options;
    const { deviceIndex, tick: laneTick } = this.#nextPosition();
    const elapsedUs = this.#nextElapsedUs();
    this.#nextReading++;
    // A reading that a silent device does not send counts too: otherwise a run with a count might never end.
    this.#plannedMessages++;

    const device = fleet.devices[deviceIndex]!;
    const runIndex = fleet.firstIndex + deviceIndex;
    const tick = (before?.ticks ?? 0) + laneTick;
    const resolutionUs = fleet.scenario.resolutionMs * 1000;
    const timestampMs =
      Math.floor((Math.round(startMs * 1000) + elapsedUs) / resolutionUs) * fleet.scenario.resolutionMs;
    const stepMs = fleet.stepUs / 1000;
    if (device.isSilentAt?.(timestampMs, stepMs)) return;

    const elapsedMs = (before?.elapsedMs ?? 0) + elapsedUs / 1000;
    const fault = chooseFault(faults, seed, runIndex, tick);
    const { topic } = device;
    const good = (): Publication => ({
      topic,
      payload: device.payload({ tick, elapsedMs, timestampMs, stepMs }),
      copy: false,
    });

    switch (fault) {
      case 'late':
        if (this.#late.length >= MAX_HELD) break;
        this.#late.push({ releaseUs: nowUs + lateByMs * 1000, publication: { ...good(), fault } });
        return;
      case 'outOfOrder': {
        const held = this.#overtaken.get(deviceIndex);
        if (held && held.length >= MAX_HELD) break;
        const publication = { ...good(), fault };
        if (held) held.push(publication);
        else this.#overtaken.set(deviceIndex, [publication]);
        return;
      }
      case 'duplicated': {
        if (this.#plannedMessages >= this.#mostMessages) break;
        this.#plannedMessages++;
        const first = good();
        this.#release(deviceIndex, first, { ...first, fault, copy: true });
        return;
      }
      case 'malformed': {
        const payload = malformedPayload(good().payload as string, seed, runIndex, tick);
        this.#release(deviceIndex, { topic, payload, fault, copy: false });
        return;
      }
      case 'wrongClock': {
        const shownMs = wrongClockMs(timestampMs, elapsedMs, seed, runIndex, tick);
        const payload = device.payload({ tick, elapsedMs, timestampMs: shownMs, stepMs });
        this.#release(deviceIndex, { topic, payload, fault, copy: false });
        return;
      }
      case undefined:
    }
    this.#release(deviceIndex, good());
  }

  /** Publishes now, followed by the readings that waited for this device's next one. */
  #release(deviceIndex: number, ...publications: readonly Publication[]): void {
    this.#ready.push(...publications);
    const overtaken = this.#overtaken.get(deviceIndex);
    if (!overtaken) return;
    this.#overtaken.delete(deviceIndex);
    this.#ready.push(...overtaken);
  }
}

/** Spreads the devices of a fleet evenly over the time between two readings of a device. */
function offsetUs(fleet: Fleet, periodUs: number, deviceIndex: number): number {
  return Math.floor((deviceIndex * periodUs) / fleet.devices.length);
}

/** Returns how many of the fleet's messages these devices publish when the devices publish in rotation. */
function laneMessages(fleet: Fleet, deviceIndexes: readonly number[]): number {
  if (fleet.messages === Number.POSITIVE_INFINITY) return fleet.messages;
  const size = fleet.devices.length;
  let messages = 0;
  for (const index of deviceIndexes) {
    if (fleet.messages > index) messages += Math.floor((fleet.messages - 1 - index) / size) + 1;
  }
  return messages;
}
