import { hashText, randomAt } from '../random.js';
import { type Device, type DeviceContext, type ReadingTime, rounded, type Scenario } from '../scenario.js';

/** The first two are the default; the others follow with more devices. The first three letters are unique. */
const CITIES = [
  'Mumbai',
  'Pune',
  'Delhi',
  'Bengaluru',
  'Chennai',
  'Kolkata',
  'Hyderabad',
  'Ahmedabad',
  'Jaipur',
  'Surat',
  'Lucknow',
  'Kanpur',
  'Nagpur',
  'Indore',
  'Bhopal',
  'Patna',
  'Vadodara',
  'Nashik',
  'Agra',
  'Kochi',
] as const;

/** Number of readings from the lowest value to the highest, and back down again. */
const READINGS_UP = 60;

/** City sensors whose values climb, then fall. Time in whole seconds. */
export const cities: Scenario = {
  name: 'cities',
  resolutionMs: 1000,
  defaultDevices: 2,
  device(index: number, context: DeviceContext): Device {
    const city = CITIES[index % CITIES.length]!;
    const station = Math.floor(index / CITIES.length) + 1;
    const id = `${context.idPrefix}CITI${city.slice(0, 3).toUpperCase()}${station === 1 ? '' : station}`;
    const random = randomAt(context.seed, hashText('cities'), index);
    const lowTemperature = random.between(18, 24);
    const temperatureRise = random.between(9, 15);
    const lowHumidity = random.between(40, 55);
    const humidityRise = random.between(20, 35);

    return {
      id,
      topic: `sensors/${city.toLowerCase()}/${id}/telemetry`,
      payload({ tick, timestampMs }: ReadingTime): string {
        const height = climbThenFall(tick);
        return JSON.stringify({
          id,
          temperature: rounded(lowTemperature + temperatureRise * height, 2),
          humidity: rounded(lowHumidity + humidityRise * height, 2),
          timestamp: Math.floor(timestampMs / 1000),
          city,
        });
      },
    };
  },
};

/** Returns 0 at the start of each cycle and 1 at its top. */
function climbThenFall(tick: number): number {
  const step = tick % (2 * READINGS_UP);
  return (step <= READINGS_UP ? step : 2 * READINGS_UP - step) / READINGS_UP;
}
