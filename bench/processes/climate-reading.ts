import { cityOf, deviceOf, MEASUREMENT, TOPIC_FILTER } from './city-reading.js';

/** Readings with five numeric fields and no time of their own, for the parts that compute windows. */

export const CLIMATE_FIELDS = ['temperature', 'humidity', 'pressure', 'co2', 'voltage'] as const;

/** A connection speaks for so many devices, one after the other. Values differ from reading to reading. */
export function climatePayload(connection: number, reading: number, devices: number): string {
  const device = `${deviceOf(connection)}-${reading % devices}`;
  const [temperature, humidity, pressure, co2, voltage] = [
    ((reading * 7) % 4000) / 100 - 5,
    ((reading * 13) % 10_000) / 100,
    950 + ((reading * 3) % 1000) / 10,
    400 + (reading % 900) + 0.5,
    3 + ((reading * 11) % 600) / 1000,
  ];
  return `{"id":"${device}","temperature":${temperature},"humidity":${humidity},"pressure":${pressure},"co2":${co2},"voltage":${voltage},"city":"${cityOf(connection)}"}`;
}

/** The rule for them: a point has the receive time, as windows do that close while readings come. */
export function climateRule(): string {
  const fields = CLIMATE_FIELDS.map((name) => `      ${name}: { path: payload.${name}, type: float }\n`);
  return `rules:
  - name: city-climate
    topic: ${TOPIC_FILTER}
    measurement: ${MEASUREMENT}
    tags: { city: topic.city, device: payload.id }
    fields:
${fields.join('')}`;
}
