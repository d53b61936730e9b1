import { hashText, randomAt } from '../random.js';
import { type Device, type DeviceContext, type ReadingTime, rounded, type Scenario } from '../scenario.js';

const SITES = ['harbour', 'greenhouse', 'archive', 'rooftop', 'cellar'] as const;
const TRAITS = hashText('climate traits');
const NOISE = hashText('climate noise');
/** Drift is a slow wave and not a line, so that an endless run stays inside the range of a sensor. */
const DRIFT_PERIOD_DAYS = 30;
const BATTERY_DAYS = 400;

/** Climate sensors with a daily cycle, noise, and a different drift for each device. Time in ms, nested payload. */
export const climate: Scenario = {
  name: 'climate',
  resolutionMs: 1,
  defaultDevices: 20,
  device(index: number, context: DeviceContext): Device {
    const { seed, idPrefix, dayMs } = context;
    const id = `${idPrefix}climate-${String(index + 1).padStart(3, '0')}`;
    const traits = randomAt(seed, TRAITS, index);
    const meanTemperature = traits.between(12, 24);
    const temperatureSwing = traits.between(2, 8);
    const meanHumidity = traits.between(45, 65);
    const meanPressure = traits.between(985, 1020);
    const phaseDays = traits.between(-0.08, 0.08);
    const drift = traits.between(-1.5, 1.5);
    const signal = traits.between(-85, -50);
    const batteryAgeDays = traits.between(0, BATTERY_DAYS / 2);
    const noiseStream = (NOISE + index) | 0;

    return {
      id,
      topic: `climate/${SITES[index % SITES.length]!}/${id}/telemetry`,
      payload({ tick, elapsedMs, timestampMs }: ReadingTime): string {
        const days = elapsedMs / dayMs;
        const noise = randomAt(seed, noiseStream, tick);
        const cycle = Math.sin(2 * Math.PI * (days + phaseDays));
        const offset = drift * Math.sin((2 * Math.PI * days) / DRIFT_PERIOD_DAYS);
        const humidity = meanHumidity - 15 * cycle + 1.5 * noise.noise();
        // An empty battery is replaced, so that endless runs stay between 0 and 100.
        const batteryLeft = 1 - ((batteryAgeDays + days) % BATTERY_DAYS) / BATTERY_DAYS;
        return JSON.stringify({
          timestamp: timestampMs,
          temperature: rounded(meanTemperature + temperatureSwing * cycle + offset + 0.3 * noise.noise(), 2),
          humidity: rounded(Math.min(100, Math.max(0, humidity)), 1),
          pressure: rounded(meanPressure + 4 * Math.sin((2 * Math.PI * days) / 5) + 0.2 * noise.noise(), 1),
          status: {
            battery: rounded(100 * batteryLeft, 1),
            rssi: Math.round(signal + 6 * noise.noise()),
          },
        });
      },
    };
  },
};
