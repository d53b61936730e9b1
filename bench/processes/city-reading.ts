/** The readings the benches publish: the cities scenario's shape, about 100 bytes, a device a connection. */

export const MEASUREMENT = 'sensordata';
export const TOPIC_FILTER = 'sensors/+city/+device/telemetry';

export function cityOf(connection: number): string {
  return `city${connection % 10}`;
}

export function deviceOf(connection: number): string {
  return `CITI${String(connection).padStart(4, '0')}`;
}

export function cityTopic(connection: number): string {
  return `sensors/${cityOf(connection)}/${deviceOf(connection)}/telemetry`;
}

/** Values differ from reading to reading, so that no store can fold them into one. */
export function cityPayload(connection: number, reading: number, baseMs: number): string {
  const temperature = ((reading * 7) % 4000) / 100 - 5;
  const humidity = ((reading * 13) % 10_000) / 100;
  return `{"id":"${deviceOf(connection)}","temperature":${temperature},"humidity":${humidity},"timestamp":${baseMs + reading},"city":"${cityOf(connection)}"}`;
}

/** The rule for them in the gateway's configuration; `where` as CEL. */
export function cityRule(where?: string): string {
  return `rules:
  - name: city-climate
    topic: ${TOPIC_FILTER}
${where === undefined ? '' : `    where: ${JSON.stringify(where)}\n`}    measurement: ${MEASUREMENT}
    time: { path: timestamp, unit: ms }
    tags: { city: topic.city, device: topic.device }
    fields:
      temperature: { path: payload.temperature, type: float }
      humidity: { path: payload.humidity, type: float }
`;
}
