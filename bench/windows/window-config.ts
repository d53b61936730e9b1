import { MEASUREMENT } from '../processes/city-reading.js';
import { CLIMATE_FIELDS, climateRule } from '../processes/climate-reading.js';

/** The five fields of the readings, each with mean, min, max and count, in several resolutions; behind the rule. */
export function windowConfig(resolutions: readonly string[], lateness: string): string {
  const fields = CLIMATE_FIELDS.map((name) => `${name}: [mean, min, max, count]`).join(', ');
  return `${climateRule()}
windows:
  aggregates:
    - name: climate
      from: ${MEASUREMENT}
      lateness: ${lateness}
      fields: { ${fields} }
      resolutions: [${resolutions.map((every) => `{ every: ${every} }`).join(', ')}]
`;
}

/** The measurement that has the rows of a resolution. */
export function rowsOf(every: string): string {
  return `climate_${every}`;
}

/** A field of these rows whose sum is the number of points. */
export const COUNT_FIELD = 'temperature_count';
