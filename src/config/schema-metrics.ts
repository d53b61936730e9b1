import { duration, httpUrl, named, section, text, trueOrFalse, wholeNumber } from './setting.js';

const store = section(
  {
    enabled: trueOrFalse({
      says: 'Also write what `/metrics` shows into the store, as a measurement of its own.',
    }).prefault(false),
    interval: duration({
      min: 1_000,
      max: 3_600_000,
      says: 'How often.',
    }).prefault('10s'),
    measurement: text({
      pattern: /^[A-Za-z][\w.-]{0,127}$/,
      type: 'name of letters, digits, `_`, `.` and `-`',
      says: 'Name of the measurement; what happened goes to one with `_events` behind it.',
    }).prefault('sluice'),
  },
  { says: 'The metrics of the gateway as points in its own store.' },
);

const otlp = section(
  {
    url: httpUrl({ says: 'Where metrics go, usually `http://…:4318/v1/metrics`.' }),
    interval: duration({ min: 1_000, max: 3_600_000, says: 'How often.' }).prefault('30s'),
    timeout: duration({
      min: 100,
      max: 600_000,
      says: 'How long one request may take; the next one tells everything again.',
    }).prefault('10s'),
    headers: named(text({ isSecret: true, says: 'Value of the header.' }), {
      type: 'header: text',
      says: 'Headers of each request, such as `authorization`.',
    }).prefault({}),
    traces: section(
      {
        url: httpUrl({ says: 'Where spans go, usually `http://…:4318/v1/traces`.' }),
        oneIn: wholeNumber({
          min: 1,
          max: 1_000_000_000,
          says: 'One record in so many is followed.',
        }).prefault(10_000),
      },
      { says: 'Follow single records: spans for receiving, deciding and writing.' },
    ).optional(),
  },
  { says: 'Send the metrics to an OpenTelemetry collector (OTLP/HTTP, JSON).' },
);

export const metrics = section(
  {
    instance: text({
      pattern: /^[^\p{Cc}\\]{1,255}$/u,
      type: 'text without control characters and backslashes',
      unset: 'the host name',
      says: 'Name of this gateway in its metrics: the tag `gateway`, and `service.instance.id`.',
    }).optional(),
    store: store.prefault({}),
    otlp: otlp.optional(),
  },
  { says: 'Where the metrics of the gateway go beside `/metrics`.' },
).prefault({});
