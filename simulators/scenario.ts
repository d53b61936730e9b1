/** The simulated time of a reading. */
export interface ReadingTime {
  /** The number of the reading among those of its device, from 0. */
  readonly tick: number;
  /** Simulated ms since the run began. Cycles and drift depend on it. */
  readonly elapsedMs: number;
  /** The time of the device's own clock, ms since 1970, which goes into the payload. */
  readonly timestampMs: number;
  /** Simulated ms since the reading before. What happens in between shows in this reading. */
  readonly stepMs: number;
}

/** One simulated device. `payload` returns the same text for the same time. */
export interface Device {
  readonly id: string;
  readonly topic: string;
  payload(time: ReadingTime): string;
  /** Whether the device does not send this reading. Without it the device sends all. */
  isSilentAt?(timestampMs: number, stepMs: number): boolean;
}

export interface DeviceContext {
  readonly seed: number;
  /** Prefix of the device's id; may be empty. */
  readonly idPrefix: string;
  /** The length of a simulated day. */
  readonly dayMs: number;
  /** When the faults of the story are seen, ms since 1970; see `Story`. */
  readonly storyMs: number;
}

/** A kind of fleet. Devices and payloads depend on nothing but their arguments. */
export interface Scenario {
  readonly name: string;
  /** Resolution of the time in its payloads: two readings of a device that are closer would become one point. */
  readonly resolutionMs: number;
  readonly defaultDevices: number;
  device(index: number, context: DeviceContext): Device;
}

/** Rounds to a number of decimals, so that payloads are as short as those of a sensor. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
