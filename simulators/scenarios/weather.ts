import { atLocalHour, localHour } from '../local-time.js';
import { hashText, randomAt } from '../random.js';
import { type Device, type DeviceContext, type ReadingTime, rounded, type Scenario } from '../scenario.js';
import { Sky } from '../sky.js';
import { bell, measuringNoise, SmoothNoise } from '../smooth-noise.js';
import { happened, Story } from '../story.js';

const MS_PER_MINUTE = 60_000;
const TRAITS = hashText('weather traits');

/** How a place differs from open land. */
interface Place {
  readonly name: string;
  readonly celsius: number;
  /** Scales the difference of day and night. */
  readonly swing: number;
  readonly lagHours: number;
  /** Minutes by which a front comes later. */
  readonly delayMinutes: number;
  readonly wind: number;
  /** Height above the sea; the pressure falls by 1 hPa on 8 m. */
  readonly metres: number;
}

const PLACES: readonly Place[] = [
  { name: 'airfield', celsius: -0.5, swing: 1.15, lagHours: 0, delayMinutes: 14, wind: 1.2, metres: 12 },
  { name: 'harbour', celsius: 0.9, swing: 0.55, lagHours: 0.8, delayMinutes: 0, wind: 1.1, metres: 3 },
  { name: 'park', celsius: 0.3, swing: 0.95, lagHours: 0.1, delayMinutes: 9, wind: 0.6, metres: 9 },
  { name: 'dyke', celsius: 0.4, swing: 0.65, lagHours: 0.6, delayMinutes: -6, wind: 1.35, metres: 5 },
  { name: 'orchard', celsius: -0.9, swing: 1.25, lagHours: 0, delayMinutes: 18, wind: 0.65, metres: 16 },
  { name: 'rooftop', celsius: 1.6, swing: 1.2, lagHours: 0.4, delayMinutes: 7, wind: 0.95, metres: 34 },
];

/** In the dew of the morning the sensor of the orchard reads more than 100 %: nine times, every four minutes. */
const DEW_FROM_HOUR = 6 + 38 / 60;
const DEW_EVERY_MS = 4 * MS_PER_MINUTE;
const DEW_READINGS = 9;

/** Weather stations around a town. All have the same weather, each in its own way. Time in ms. */
export const weather: Scenario = {
  name: 'weather',
  resolutionMs: 1,
  defaultDevices: PLACES.length,
  device(index: number, { seed, idPrefix, storyMs }: DeviceContext): Device {
    const place = PLACES[index] ?? furtherPlace(seed, index);
    const { name } = place;
    const id = `${idPrefix}${name}`;
    const sky = new Sky(seed);
    const story = new Story(storyMs);
    const stream = hashText(`weather ${name}`);
    const eddy = new SmoothNoise(seed, stream + 1, 11 * MS_PER_MINUTE);
    const gust = new SmoothNoise(seed, stream + 2, 20_000);
    const squall = new SmoothNoise(seed, stream + 3, 4 * MS_PER_MINUTE);
    const noise = (of: number, atMs: number): number => measuringNoise(seed, stream + of, atMs);
    const isDyke = name === 'dyke';

    return {
      id,
      topic: `weather/${id}/telemetry`,
      ...(isDyke && { isSilentAt: (timestampMs) => story.isAway(timestampMs) }),
      payload({ timestampMs, stepMs }: ReadingTime): string {
        const skyMs = timestampMs - place.delayMinutes * MS_PER_MINUTE;
        const stillCelsius = sky.celsius(skyMs, place.swing, place.lagHours) + place.celsius;
        const celsius = stillCelsius + place.swing * 0.25 * eddy.at(timestampMs);
        const mist = name === 'orchard' ? 16 * bell(localHour(timestampMs), 7, 1.4) : 0;
        const humidity = Math.min(99, sky.humidityPercent(skyMs, stillCelsius - place.celsius / 2) + mist);
        const wind =
          place.wind *
          sky.metresPerSecond(skyMs) *
          (1 + 0.16 * gust.at(timestampMs) + 0.14 * squall.at(timestampMs));
        const dew = name === 'orchard' ? dewPercent(timestampMs, stepMs) : undefined;
        const text = JSON.stringify({
          timestamp: timestampMs,
          temperature: rounded(celsius + 0.1 * noise(4, timestampMs), 1),
          humidity: dew ?? rounded(humidity + 0.8 * noise(5, timestampMs), 1),
          pressure: rounded(sky.hPa(skyMs) - place.metres / 8 + 0.1 * noise(6, timestampMs), 1),
          wind: rounded(Math.max(0, wind), 1),
        });
        return isDyke && story.breaksOff(timestampMs, stepMs) ? text.slice(0, text.length / 2) : text;
      },
    };
  },
};

function dewPercent(timestampMs: number, stepMs: number): number | undefined {
  const fromMs = atLocalHour(timestampMs, DEW_FROM_HOUR);
  const number = happened(timestampMs - fromMs, stepMs, DEW_EVERY_MS);
  if (number === undefined || number < 0 || number >= DEW_READINGS) return undefined;
  return rounded(100.2 + 0.1 * (number % 3), 1);
}

function furtherPlace(seed: number, index: number): Place {
  const traits = randomAt(seed, TRAITS, index);
  return {
    name: `station-${String(index + 1).padStart(2, '0')}`,
    celsius: traits.between(-1.2, 1.2),
    swing: traits.between(0.7, 1.2),
    lagHours: traits.between(0, 0.6),
    delayMinutes: traits.between(-10, 25),
    wind: traits.between(0.6, 1.3),
    metres: traits.between(2, 60),
  };
}
