/** When a reading is taken, in simulated time. */
export interface ReadingTime {
  /** Which reading of its device this is, from 0. */
  readonly tick: number;
  /** Simulated ms since the run began: what cycles and drift follow. */
  readonly elapsedMs: number;
  /** What the device's own clock says, ms since 1970: what it puts into the payload. */
  readonly timestampMs: number;
}

/** One simulated device. `payload` is pure: the same time gives the same text. */
export interface Device {
  readonly id: string;
  readonly topic: string;
  payload(time: ReadingTime): string;
}

export interface DeviceContext {
  readonly seed: number;
  /** Put before the device's id; may be empty. */
  readonly idPrefix: string;
  /** How long a simulated day lasts. */
  readonly dayMs: number;
}

/** A kind of fleet. Pure: (context, index) → device, (device, time) → payload. */
export interface Scenario {
  readonly name: string;
  /** Resolution of the time in its payloads: two readings of a device closer than this would be one point. */
  readonly resolutionMs: number;
  readonly defaultDevices: number;
  device(index: number, context: DeviceContext): Device;
}

/** `value` cut to that many decimals, so that payloads stay as short as a sensor's. */
export function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
