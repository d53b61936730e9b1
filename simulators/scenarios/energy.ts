import { hashText, randomAt } from '../random.js';
import { type Device, type DeviceContext, type ReadingTime, rounded, type Scenario } from '../scenario.js';

const METERS_PER_BUILDING = 5;
const TRAITS = hashText('energy traits');
const NOISE = hashText('energy noise');
const MS_PER_HOUR = 3_600_000;

/** Electricity meters with a counter that never falls and a relay that cuts the load. RFC 3339 time with ms. */
export const energy: Scenario = {
  name: 'energy',
  resolutionMs: 1,
  defaultDevices: 10,
  device(index: number, context: DeviceContext): Device {
    const { seed, idPrefix, dayMs } = context;
    const id = `${idPrefix}meter-${String(index + 1).padStart(3, '0')}`;
    const building = `building-${Math.floor(index / METERS_PER_BUILDING) + 1}`;
    const traits = randomAt(seed, TRAITS, index);
    const baseW = traits.between(80, 400);
    const swingW = traits.between(300, 2500);
    const counterStartWh = traits.between(10_000, 5_000_000);
    // Each meter switches several times a day, with a period of its own.
    const relayPeriodMs = dayMs / traits.between(6, 18);
    const relayOnShare = traits.between(0.6, 0.95);
    const noiseStream = (NOISE + index) | 0;

    return {
      id,
      topic: `energy/${building}/${id}/telemetry`,
      payload({ tick, elapsedMs, timestampMs }: ReadingTime): string {
        const noise = randomAt(seed, noiseStream, tick);
        const onMs = relayOnShare * relayPeriodMs;
        const intoPeriodMs = elapsedMs % relayPeriodMs;
        const relay = intoPeriodMs < onMs;
        // Load follows the time the relay was on. The counter is the exact integral of that load, so it cannot fall or
        // disagree with the power, and any reading can be made without those before it.
        const loadedMs = Math.floor(elapsedMs / relayPeriodMs) * onMs + Math.min(intoPeriodMs, onMs);
        const angle = (2 * Math.PI * loadedMs) / dayMs;
        const powerW = relay
          ? (baseW + (swingW * (1 - Math.cos(angle))) / 2) * (1 + 0.02 * noise.noise())
          : 0;
        const usedWh =
          (baseW * loadedMs + (swingW / 2) * (loadedMs - (Math.sin(angle) * dayMs) / (2 * Math.PI))) /
          MS_PER_HOUR;
        const voltageV = 230 + 3 * noise.noise();
        return JSON.stringify({
          time: new Date(timestampMs).toISOString(),
          power: rounded(powerW, 1),
          voltage: rounded(voltageV, 1),
          current: rounded(powerW / voltageV, 3),
          energy: rounded((counterStartWh + usedWh) / 1000, 6),
          relay,
        });
      },
    };
  },
};
