import { localHour } from '../local-time.js';
import { hashText, randomAt } from '../random.js';
import { type Device, type DeviceContext, type ReadingTime, rounded, type Scenario } from '../scenario.js';
import { bell, measuringNoise, SmoothNoise } from '../smooth-noise.js';
import { Story } from '../story.js';

const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
const TRAITS = hashText('cold room traits');
const DOORS = hashText('cold room doors');
/** The first ones have temperatures that a chart can keep apart. */
const CELSIUS = [3.8, 4.5, 4.2, 3.4, 4.9, 5.2, 4.6, 3.2] as const;
/** Numbers in the names of those with a part in the story. */
const SILENT_ROOM = 3;
const DRIFTING_ROOM = 7;

/** A door is opened at most once in this time, and only while people work. */
const DOOR_SLOT_MS = 20 * MS_PER_MINUTE;
/** A door has no effect any more after so many of these. */
const DOOR_SLOTS = 5;
const WORK_FROM_HOUR = 5.5;
const WORK_TO_HOUR = 20;
const DEFROST_EVERY_MS = 12 * MS_PER_HOUR;
const DEFROST_LASTS_MS = 15 * MS_PER_MINUTE;
/** The share of a cycle in which the compressor runs. */
const RUNNING = 0.4;

/** Cold rooms that should have 2 to 8 °C; one becomes too warm, one falls silent. Time in ms. */
export const coldRooms: Scenario = {
  name: 'cold-rooms',
  resolutionMs: 1,
  defaultDevices: CELSIUS.length,
  device(index: number, { seed, idPrefix, storyMs }: DeviceContext): Device {
    const number = index + 1;
    const name = `cold-${String(number).padStart(2, '0')}`;
    const id = `${idPrefix}${name}`;
    const traits = randomAt(seed, TRAITS, index);
    const celsius = CELSIUS[index] ?? traits.between(3.2, 5.2);
    const hysteresis = traits.between(0.18, 0.3);
    const cycleMs = traits.between(17, 27) * MS_PER_MINUTE;
    const watts = traits.between(150, 260);
    const defrostMs = traits.between(0, DEFROST_EVERY_MS);
    const batteryPercent = traits.between(60, 97);
    const busy = traits.between(0.25, 0.55);
    const stream = hashText(name);
    const wander = new SmoothNoise(seed, stream + 1, 2.5 * MS_PER_HOUR);
    const load = new SmoothNoise(seed, stream + 2, 25 * MS_PER_MINUTE);
    const doors = new Doors(seed, DOORS + index, busy);
    const story = new Story(storyMs);
    const drifts = number === DRIFTING_ROOM;
    const isWeak = number === SILENT_ROOM;

    return {
      id,
      topic: `cold/room-${Math.ceil(number / 2)}/${id}/telemetry`,
      ...(isWeak && { isSilentAt: (timestampMs) => story.isBatteryEmpty(timestampMs) }),
      payload({ timestampMs }: ReadingTime): string {
        // Cycles are of different length: the noise moves the place in the cycle.
        const cycle = (timestampMs / cycleMs + 0.9 * wander.at(timestampMs)) % 1;
        const isBroken = drifts && story.isDrifting(timestampMs);
        const sinceDefrostMs = (timestampMs + defrostMs) % DEFROST_EVERY_MS;
        const isDefrosting = sinceDefrostMs < DEFROST_LASTS_MS;
        const runs = isBroken || (cycle < RUNNING && !isDefrosting);
        const wave =
          cycle < RUNNING ? 1 - (2 * cycle) / RUNNING : (2 * (cycle - RUNNING)) / (1 - RUNNING) - 1;
        const drift = drifts ? story.driftCelsius(timestampMs) : 0;
        const measured =
          celsius +
          // What is too warm is not switched off any more.
          hysteresis * Math.exp(-drift) * wave +
          0.15 * wander.at(timestampMs + MS_PER_HOUR) +
          (0.1 + 0.06 * drift) * load.at(timestampMs) +
          0.8 * bell(sinceDefrostMs, 2.2 * DEFROST_LASTS_MS, 0.8 * DEFROST_LASTS_MS) +
          doors.celsius(timestampMs) +
          drift;
        const usedWatts =
          (isBroken ? 400 : watts) * (1 + 0.03 * measuringNoise(seed, stream + 4, timestampMs));
        return JSON.stringify({
          timestamp: timestampMs,
          temperature: rounded(measured + 0.06 * measuringNoise(seed, stream + 3, timestampMs), 2),
          compressor: runs ? Math.round(usedWatts) : 0,
          door: doors.isOpen(timestampMs),
          battery: Math.round(isWeak ? story.batteryPercent(timestampMs) : batteryPercent),
        });
      },
    };
  },
};

interface Opening {
  readonly fromMs: number;
  readonly lastsMs: number;
}

/** When the door of one room is open, and how much that warms it. */
class Doors {
  readonly #seed: number;
  readonly #stream: number;
  readonly #busy: number;

  /** `busy` is the share of its slots in which the door is opened. */
  constructor(seed: number, stream: number, busy: number) {
    this.#seed = seed;
    this.#stream = stream | 0;
    this.#busy = busy;
  }

  isOpen(atMs: number): boolean {
    const opening = this.#openingIn(Math.floor(atMs / DOOR_SLOT_MS));
    return opening !== undefined && atMs >= opening.fromMs && atMs < opening.fromMs + opening.lastsMs;
  }

  celsius(atMs: number): number {
    let sum = 0;
    const slot = Math.floor(atMs / DOOR_SLOT_MS);
    for (let near = slot - DOOR_SLOTS; near <= slot; near++) {
      const opening = this.#openingIn(near);
      if (opening === undefined || atMs < opening.fromMs) continue;
      const minutes = (atMs - opening.fromMs) / MS_PER_MINUTE;
      const warmth = 0.25 + 0.55 * (opening.lastsMs / MS_PER_MINUTE / 3);
      sum += warmth * (1 - Math.exp(-minutes / 2)) * Math.exp(-minutes / 14);
    }
    return sum;
  }

  /** Returns when the door is opened in a slot; it is closed again within it. */
  #openingIn(slot: number): Opening | undefined {
    const random = randomAt(this.#seed, this.#stream, slot);
    if (random.next() >= this.#busy) return undefined;
    const fromMs = slot * DOOR_SLOT_MS + random.between(0, DOOR_SLOT_MS - 4 * MS_PER_MINUTE);
    const hour = localHour(fromMs);
    if (hour < WORK_FROM_HOUR || hour > WORK_TO_HOUR) return undefined;
    return { fromMs, lastsMs: random.between(0.6, 3) * MS_PER_MINUTE };
  }
}
