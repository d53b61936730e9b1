import { duration, httpUrl, text, trueOrFalse, wholeNumber } from './setting.js';
import { named, section } from './structured-setting.js';

const store = section(
  {
    enabled: trueOrFalse({
      description: 'Also writes the metrics of `/metrics` into the store, as a separate measurement.',
    }).prefault(false),
    interval: duration({
      min: 1_000,
      max: 3_600_000,
      description: 'Interval at which the metrics are written.',
    }).prefault('10s'),
    measurement: text({
      pattern: /^[A-Za-z][\w.-]{0,127}$/,
      type: 'name of letters, digits, `_`, `.` and `-`',
      description: 'Name of the measurement; events go to a second one with the suffix `_events`.',
    }).prefault('sluice'),
  },
  { description: 'Writing the metrics of the gateway into its own store.' },
);

const otlp = section(
  {
    url: httpUrl({ description: 'Address that metrics are sent to, usually `http://…:4318/v1/metrics`.' }),
    interval: duration({
      min: 1_000,
      max: 3_600_000,
      description: 'Interval at which the metrics are sent.',
    }).prefault('30s'),
    timeout: duration({
      min: 100,
      max: 600_000,
      description: 'Time limit of a request; after a failure the next request contains the same totals.',
    }).prefault('10s'),
    headers: named(text({ isSecret: true, description: 'Value of the header.' }), {
      type: 'header: text',
      description: 'Headers of each request, such as `authorization`.',
    }).prefault({}),
    traces: section(
      {
        url: httpUrl({ description: 'Address that spans are sent to, usually `http://…:4318/v1/traces`.' }),
        oneIn: wholeNumber({
          min: 1,
          max: 1_000_000_000,
          description: 'Traces one record in this number of records.',
        }).prefault(10_000),
      },
      { description: 'Traces of single records, with spans for receiving, processing and writing.' },
    ).optional(),
  },
  { description: 'Sends the metrics to an OpenTelemetry collector (OTLP/HTTP, JSON).' },
);

export const metrics = section(
  {
    instance: text({
      pattern: /^[^\p{Cc}\\]{1,255}$/u,
      type: 'text without control characters and backslashes',
      unset: 'the host name',
      description: 'Name of this gateway in its metrics: the tag `gateway`, and `service.instance.id`.',
    }).optional(),
    store: store.prefault({}),
    otlp: otlp.optional(),
  },
  { description: 'Where the metrics of the gateway are written in addition to `/metrics`.' },
).prefault({});
