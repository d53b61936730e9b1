import { DailyEnergy } from '../daily-energy.js';
import { isWeekend, localHour, yearShare } from '../local-time.js';
import { hashText, randomAt } from '../random.js';
import { type Device, type DeviceContext, type ReadingTime, rounded, type Scenario } from '../scenario.js';
import { bell, measuringNoise, rise, SmoothNoise } from '../smooth-noise.js';
import { Story } from '../story.js';

const MS_PER_MINUTE = 60_000;
const TRAITS = hashText('electricity traits');
const NOMINAL_VOLTS = 231.5;
const PUMP_CYCLE_MS = 37 * MS_PER_MINUTE;

/** A time at which a load is on, and random curves in (-1, 1) that turn every few minutes and about every hour. */
interface LoadTime {
  readonly atMs: number;
  readonly hour: number;
  readonly quick: number;
  readonly slow: number;
}

/** The power in kW at a time of the day. */
type Load = (time: LoadTime) => number;

const LOADS: Readonly<Record<string, Load>> = {
  bakery: ({ hour, quick, slow }) =>
    0.7 +
    9 * between(hour, 1.9, 9.8, 0.35) * (1 + 0.2 * quick + 0.12 * slow) +
    1.7 * between(hour, 9.5, 17, 0.4),
  hall: ({ hour, slow }) =>
    0.4 + 1.1 * between(hour, 8.6, 12.6, 0.25) + 2.7 * between(hour, 16.4, 21.8, 0.4) * (1 + 0.15 * slow),
  kitchen: ({ hour, quick, slow }) =>
    0.35 + (4.6 * bell(hour, 12, 1) + 2.6 * bell(hour, 18.2, 0.9)) * (1 + 0.2 * quick + 0.15 * slow),
  lighting: ({ atMs, hour }) => 0.15 + 2.1 * dark(atMs, hour) * between(hour, 5.6, 22.8, 0.25),
  office: ({ atMs, hour, slow }) =>
    0.18 +
    (isWeekend(atMs) ? 0.12 : 2.3) *
      between(hour, 7.8, 17.3, 0.35) *
      (1 - 0.3 * bell(hour, 12.4, 0.35)) *
      (1 + 0.12 * slow),
  pump: ({ atMs, slow }) => ((atMs / PUMP_CYCLE_MS + 0.4 * slow) % 1 < 0.42 ? 2.3 + 0.2 * slow : 0.68),
};
const NAMES = Object.keys(LOADS);

/** Meters of the loads of a small place, with their working hours; the pump sends nonsense. Time in ms. */
export const electricity: Scenario = {
  name: 'electricity',
  resolutionMs: 1,
  defaultDevices: NAMES.length,
  device(index: number, { seed, idPrefix, storyMs }: DeviceContext): Device {
    const name = NAMES[index] ?? `meter-${String(index + 1).padStart(2, '0')}`;
    const id = `${idPrefix}${name}`;
    const load = LOADS[name] ?? furtherLoad(seed, index);
    const stream = hashText(`electricity ${name}`);
    const quick = new SmoothNoise(seed, stream + 1, 5 * MS_PER_MINUTE);
    const slow = new SmoothNoise(seed, stream + 2, 50 * MS_PER_MINUTE);
    // All loads are on one grid.
    const grid = new SmoothNoise(seed, hashText('electricity grid'), 16 * MS_PER_MINUTE);
    const flicker = new SmoothNoise(seed, stream + 3, 30_000);
    const story = new Story(storyMs);
    const kilowattsAt = (atMs: number): number => {
      const kilowatts = load({ atMs, hour: localHour(atMs), quick: quick.at(atMs), slow: slow.at(atMs) });
      return kilowatts * (1 + 0.03 * quick.at(atMs + MS_PER_MINUTE));
    };
    const energy = new DailyEnergy(kilowattsAt);

    const isPump = name === 'pump';

    return {
      id,
      topic: `power/${id}/telemetry`,
      ...(isPump && {
        isSilentAt: (timestampMs, stepMs) =>
          story.isBroken(timestampMs) && story.nonsense(timestampMs, stepMs) === undefined,
      }),
      payload({ timestampMs, stepMs }: ReadingTime): string {
        const kilowatts = kilowattsAt(timestampMs);
        const evening = bell(localHour(timestampMs), 18.5, 1.8);
        const volts =
          NOMINAL_VOLTS -
          0.14 * kilowatts -
          1.3 * evening +
          1.1 * grid.at(timestampMs) +
          0.4 * flicker.at(timestampMs) +
          0.2 * measuringNoise(seed, stream + 5, timestampMs);
        const text = JSON.stringify({
          timestamp: timestampMs,
          power: rounded(kilowatts * (1 + 0.015 * measuringNoise(seed, stream + 4, timestampMs)), 3),
          voltage: rounded(volts, 1),
          energy_today: rounded(energy.kilowattHours(timestampMs), 3),
        });
        if (!isPump || !story.isBroken(timestampMs)) return text;
        const nonsense = story.nonsense(timestampMs, stepMs) ?? 0;
        return nonsense % 5 === 4 ? 'ERR 7 OVERRANGE' : text.replace(/"power":[^,]+/, '"power":NaN');
      },
    };
  },
};

/** Returns 1 from one hour to another and 0 outside; `edge` is the width of the rise in hours. */
function between(hour: number, from: number, to: number, edge: number): number {
  return rise(hour, from, edge) * (1 - rise(hour, to, edge));
}

/** Returns 1 at night and 0 in daylight, which is short in winter. */
function dark(atMs: number, hour: number): number {
  const winter = Math.cos(2 * Math.PI * (yearShare(atMs) + 0.03));
  return 1 - between(hour, 6.6 + 1.6 * winter, 18.9 - 2.2 * winter, 0.25);
}

function furtherLoad(seed: number, index: number): Load {
  const traits = randomAt(seed, TRAITS, index);
  const base = traits.between(0.1, 0.8);
  const work = traits.between(0.5, 4);
  const from = traits.between(5, 10);
  const hours = traits.between(4, 11);
  return ({ hour, slow }) => base + work * between(hour, from, from + hours, 0.4) * (1 + 0.15 * slow);
}
