/** A time series as promtool writes it, one value a minute: `1+2x3` is 1 3 5 7, `4x3` is 4 4 4 4, `_` is no value. */
export type Series = readonly [series: string, values: string];

export interface AlertCase {
  readonly fires: {
    readonly series: readonly Series[];
    /** Minute from which the expression is above the threshold; the alert fires later by `for`. */
    readonly trueAtMinute: number;
  };
  readonly quiet: readonly { readonly why: string; readonly series: readonly Series[] }[];
}

const G = 'job="sluice",instance="gateway:8080"';
const outcomes = (
  received: string,
  written: string,
  others: Partial<Record<string, string>> = {},
): Series[] =>
  ['received', 'written', 'parked', 'filtered', 'buffered', 'lost'].map((outcome) => [
    `sluice_ledger_records{fate="${outcome}",${G}}`,
    outcome === 'received' ? received : outcome === 'written' ? written : (others[outcome] ?? '0x40'),
  ]);
const one = (metric: string, values: string, label = ''): Series[] => [
  [`${metric}{${label === '' ? '' : `${label},`}${G}}`, values],
];
const states = (metric: string, state: string, values: string): Series[] => [
  ...one(metric, values, `state="${state}"`),
  ...one(metric, '0x40', 'state="healthy"'),
];
const log = (size: string): Series[] => [
  ...one('sluice_log_size_bytes', size),
  ...one('sluice_log_max_size_bytes', '100x40'),
];
const deadLetter = (size: string): Series[] => [
  ...one('sluice_dead_letter_size_bytes', size),
  ...one('sluice_dead_letter_max_size_bytes', '100x40'),
];
const requests = (all: string, repeated: string): Series[] => [
  ...one('sluice_sink_requests_total', all),
  ...one('sluice_sink_retries_total', repeated),
];
const warnings = (code: string, values: string) => one('sluice_warnings_total', values, `code="${code}"`);
const sink = (state: string, values: string) => states('sluice_sink_state', state, values);
const producer = (state: string, values: string) => states('sluice_kinesis_producer_state', state, values);
const reader = (state: string, values: string) => states('sluice_kinesis_reader_state', state, values);

/** One history in which each alert fires, and those in which it must not. By uid. */
export const ALERT_CASES: Readonly<Record<string, AlertCase>> = {
  'sluice-gateway-down': {
    fires: { series: one('up', '1x9 0x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'it runs', series: one('up', '1x40') },
      { why: 'a restart that one scrape sees', series: one('up', '1x9 0 1x30') },
      {
        why: 'another program is down',
        series: [...one('up', '1x40'), ['up{job="node",instance="host:9100"}', '0x40']],
      },
    ],
  },
  'sluice-log-filling': {
    fires: { series: log('10+8x9 90x30'), trueAtMinute: 9 },
    quiet: [
      { why: 'a peak that is read within minutes', series: log('10x9 90x3 10x30') },
      { why: 'half full for long', series: log('50x40') },
    ],
  },
  'sluice-log-full': {
    fires: { series: one('sluice_log_blocked', '0x9 1x30'), trueAtMinute: 10 },
    quiet: [{ why: 'blocked for a moment', series: one('sluice_log_blocked', '0x9 1 0x30') }],
  },
  'sluice-packets-shed': {
    fires: { series: one('sluice_broker_packets_shed_total', '7x9 8x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'shed once, long ago', series: one('sluice_broker_packets_shed_total', '7x40') },
      { why: 'a restart sets the counter back', series: one('sluice_broker_packets_shed_total', '7x9 0x30') },
    ],
  },
  'sluice-records-lost': {
    fires: {
      series: outcomes('100+100x40', '95+100x9 1090+100x30', { lost: '5x9 10x30' }),
      trueAtMinute: 10,
    },
    quiet: [
      { why: 'lost before, and a restart', series: outcomes('0x40', '0x40', { lost: '5x9 _ _ 5x30' }) },
      { why: 'a new data directory', series: outcomes('0x40', '0x40', { lost: '5x9 0x30' }) },
      { why: 'dropped before, and a restart', series: one('sluice_log_records_dropped_total', '9x9 0x30') },
    ],
  },
  'sluice-ledger-unbalanced': {
    fires: { series: outcomes('100+100x40', '100+100x9 1099+100x30'), trueAtMinute: 10 },
    quiet: [
      {
        why: 'every outcome has some records',
        series: outcomes('500x40', '100x40', {
          parked: '100x40',
          filtered: '100x40',
          buffered: '150x40',
          lost: '50x40',
        }),
      },
      { why: 'an empty gateway', series: outcomes('0x40', '0x40') },
    ],
  },
  'sluice-lag': {
    fires: { series: one('sluice_consumer_lag_seconds', '0x9 61+60x30'), trueAtMinute: 10 },
    quiet: [
      {
        why: 'catching up after a restart',
        series: one('sluice_consumer_lag_seconds', '300 240 120 20 0x30'),
      },
      { why: 'steadily behind by less', series: one('sluice_consumer_lag_seconds', '55x40') },
    ],
  },
  'sluice-store-errors': {
    fires: { series: sink('retrying', '0x9 1x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'a restart of the store', series: sink('retrying', '0x9 1x2 0x30') },
      { why: 'the other alert speaks', series: sink('misconfigured', '1x40') },
    ],
  },
  'sluice-store-misconfigured': {
    fires: { series: sink('misconfigured', '0x9 1x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'a token is changed on both sides', series: sink('misconfigured', '0x9 1 0x30') },
      { why: 'the store is down', series: sink('retrying', '1x40') },
    ],
  },
  'sluice-store-retries': {
    fires: { series: requests('0+100x40', '0x9 10+10x30'), trueAtMinute: 12 },
    quiet: [
      { why: 'one repeat in a hundred', series: requests('0+100x40', '0+1x40') },
      { why: 'nothing is written', series: requests('100x40', '90x40') },
    ],
  },
  'sluice-windows-behind': {
    fires: {
      series: [
        ...one('sluice_windows_behind_seconds', '0x40', 'measurement="climate_1h"'),
        ...one('sluice_windows_behind_seconds', '0x9 301+60x30', 'measurement="climate_5min"'),
      ],
      trueAtMinute: 10,
    },
    quiet: [
      {
        why: 'a window that takes the store a minute, every five minutes',
        series: one(
          'sluice_windows_behind_seconds',
          '0 0 0 60 0 0 0 0 60 0 0 0 0 60 0 0 0 0 60 0 0 0',
          'measurement="climate_5min"',
        ),
      },
      {
        why: 'catching up after a restart',
        series: one('sluice_windows_behind_seconds', '900 600 400 0x30', 'measurement="climate_5min"'),
      },
    ],
  },
  'sluice-window-rows-refused': {
    fires: {
      series: one('sluice_windows_rows_refused_total', '3x9 4x30', 'measurement="climate_5min"'),
      trueAtMinute: 10,
    },
    quiet: [
      {
        why: 'refused long ago',
        series: one('sluice_windows_rows_refused_total', '3x40', 'measurement="climate_5min"'),
      },
      {
        why: 'a restart sets the counter back',
        series: one('sluice_windows_rows_refused_total', '3x9 0x30', 'measurement="climate_5min"'),
      },
    ],
  },
  'sluice-dead-letters-growing': {
    fires: { series: outcomes('100+100x40', '97x40', { parked: '3x9 4x30' }), trueAtMinute: 10 },
    quiet: [
      { why: 'parked before a restart', series: outcomes('9x40', '0x40', { parked: '9x9 _ 9x30' }) },
      {
        why: 'a gateway that is first seen with some',
        series: outcomes('9x40', '0x40', { parked: '_x5 9x30' }),
      },
      { why: 'the ledger is reset', series: outcomes('0x40', '0x40', { parked: '9x9 0x30' }) },
    ],
  },
  'sluice-dead-letter-filling': {
    fires: { series: deadLetter('10+8x9 90x30'), trueAtMinute: 9 },
    quiet: [
      { why: 'purged in time', series: deadLetter('70x9 90x3 0x30') },
      { why: 'half full for long', series: deadLetter('50x40') },
    ],
  },
  'sluice-dead-letter-full': {
    fires: { series: warnings('DEAD_LETTER_FULL', '0x9 1+2x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'full long ago', series: warnings('DEAD_LETTER_FULL', '3x40') },
      { why: 'another warning', series: warnings('DEAD_LETTER_BUSY', '0x9 1+2x30') },
    ],
  },
  'sluice-dead-letter-damaged': {
    fires: {
      series: [
        ...warnings('DEAD_LETTER_DAMAGED', '0x9 2x30'),
        ...one('process_start_time_seconds', '0x9 600x30'),
      ],
      trueAtMinute: 10,
    },
    quiet: [
      {
        why: 'a start that found none',
        series: [...warnings('DEAD_LETTER_DAMAGED', '0x40'), ...one('process_start_time_seconds', '0x40')],
      },
      {
        why: 'known for longer than an hour',
        series: [
          ...warnings('DEAD_LETTER_DAMAGED', '2x40'),
          ...one('process_start_time_seconds', '-3700x40'),
        ],
      },
    ],
  },
  'sluice-payloads-not-kept': {
    fires: {
      series: one('sluice_ledger_parked_without_payload_records', '0x9 4x30'),
      trueAtMinute: 10,
    },
    quiet: [
      {
        why: 'not kept long ago',
        series: one('sluice_ledger_parked_without_payload_records', '9x40'),
      },
    ],
  },
  'sluice-budget-nearly-full': {
    fires: {
      series: [
        ...one('sluice_consumer_budget_used_ratio', '0x9 0.95x30', 'budget="client-series"'),
        ...one('sluice_consumer_budget_used_ratio', '0.2x40', 'budget="series"'),
      ],
      trueAtMinute: 10,
    },
    quiet: [
      {
        why: 'nine tenths and no more',
        series: one('sluice_consumer_budget_used_ratio', '0.9x40', 'budget="fields"'),
      },
      {
        why: 'somebody has made room in time',
        series: one('sluice_consumer_budget_used_ratio', '0.5x9 1x8 0.2x30', 'budget="series"'),
      },
      {
        why: 'nothing is limited',
        series: one('sluice_consumer_budget_used_ratio', '0x40', 'budget="series"'),
      },
    ],
  },
  'sluice-clock-wrong': {
    fires: {
      series: [...one('sluice_clock_implausible', '0x9 1x30'), ...one('sluice_clock_steps_total', '0x40')],
      trueAtMinute: 10,
    },
    quiet: [
      {
        why: 'set once, long ago',
        series: [...one('sluice_clock_implausible', '0x40'), ...one('sluice_clock_steps_total', '1x40')],
      },
    ],
  },
  'sluice-silent-fleet': {
    fires: { series: one('sluice_broker_packets_accepted_total', '0+60x10 600x30'), trueAtMinute: 15 },
    quiet: [
      {
        why: 'an idle night with a packet now and then',
        series: one(
          'sluice_broker_packets_accepted_total',
          '0 0 0 1 1 1 1 2 2 2 2 3 3 3 3 4 4 4 4 5 5 5 5 6 6 6 6 7',
        ),
      },
      { why: 'a gateway just started', series: one('sluice_broker_packets_accepted_total', '_x35 0x4') },
      {
        why: 'a new gateway that no device has reached yet',
        series: [...one('sluice_broker_packets_accepted_total', '0x40'), ...outcomes('0x40', '0x40')],
      },
      {
        why: 'a restart with devices that come back within ten minutes',
        series: [
          ...one('sluice_broker_packets_accepted_total', '0+60x20 0x8 1+60x10'),
          ...one('process_start_time_seconds', '0x20 1200x20'),
          ...one('up', '1x40'),
          ...outcomes('600x40', '600x40'),
        ],
      },
      {
        why: 'a gateway that is down has an alert of its own',
        series: [...one('sluice_broker_packets_accepted_total', '0+60x10 600x30'), ...one('up', '1x10 0x30')],
      },
      {
        why: 'Prometheus just started beside a gateway that rests',
        series: one('sluice_broker_packets_accepted_total', '_x31 600x8'),
      },
      {
        why: 'a restart sets the counter back',
        series: one('sluice_broker_packets_accepted_total', '0+60x10 0+60x20'),
      },
    ],
  },
  'sluice-retained-full': {
    fires: { series: one('sluice_broker_retained_refused_total', '0x9 4x30'), trueAtMinute: 10 },
    quiet: [{ why: 'refused long ago', series: one('sluice_broker_retained_refused_total', '9x40') }],
  },
  'sluice-subscribers-lose': {
    fires: { series: one('sluice_broker_session_messages_dropped_total', '0+5x60'), trueAtMinute: 2 },
    quiet: [
      {
        why: 'a burst that passed',
        series: one('sluice_broker_session_messages_dropped_total', '0x9 400x60'),
      },
    ],
  },
  'sluice-clients-refused': {
    fires: {
      // 12 in five minutes from minute 14 on.
      series: one('sluice_broker_refusals_total', '0x9 3+3x30', 'reason="connect-malformed"'),
      trueAtMinute: 14,
    },
    quiet: [
      {
        why: 'a scanner comes by once',
        series: one('sluice_broker_refusals_total', '0x9 50x30', 'reason="connect-malformed"'),
      },
      {
        why: 'devices lose their network',
        series: one('sluice_broker_refusals_total', '0+100x40', 'reason="keep-alive-expired"'),
      },
      {
        why: 'two reasons together would be enough',
        series: [
          ...one('sluice_broker_refusals_total', '0+1.5x40', 'reason="packet-too-large"'),
          ...one('sluice_broker_refusals_total', '0+1.5x40', 'reason="topic-invalid"'),
        ],
      },
    ],
  },
  'sluice-event-loop-blocked': {
    fires: { series: one('nodejs_eventloop_lag_p99_seconds', '0.01x9 0.8x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'compiling at the start', series: one('nodejs_eventloop_lag_p99_seconds', '0.9 0.1 0.01x30') },
      {
        why: 'another program is busy',
        series: [['nodejs_eventloop_lag_p99_seconds{job="shop",instance="shop:80"}', '2x40']],
      },
    ],
  },
  'sluice-oldest-unsent': {
    fires: { series: one('sluice_kinesis_producer_oldest_unsent_seconds', '0x9 61+60x30'), trueAtMinute: 10 },
    quiet: [
      {
        why: 'throttled for a while',
        series: one('sluice_kinesis_producer_oldest_unsent_seconds', '0x9 90x2 1x30'),
      },
    ],
  },
  'sluice-kinesis-errors': {
    // Of two that run in one process the second fails.
    fires: { series: [...producer('retrying', '0x40'), ...reader('retrying', '0x9 1x30')], trueAtMinute: 10 },
    quiet: [
      { why: 'one call failed', series: producer('retrying', '0x9 1 0x30') },
      { why: 'the other alert speaks', series: producer('misconfigured', '1x40') },
    ],
  },
  'sluice-kinesis-misconfigured': {
    fires: {
      series: [...producer('misconfigured', '0x9 1x30'), ...reader('misconfigured', '0x40')],
      trueAtMinute: 10,
    },
    quiet: [
      { why: 'credentials are renewed', series: producer('misconfigured', '0x9 1 0x30') },
      { why: 'Kinesis is away', series: reader('retrying', '1x40') },
    ],
  },
  'sluice-kinesis-behind': {
    fires: { series: one('sluice_kinesis_reader_behind_latest_seconds', '0x9 61+60x30'), trueAtMinute: 10 },
    quiet: [
      {
        why: 'catching up after a restart',
        series: one('sluice_kinesis_reader_behind_latest_seconds', '600 300 90 10 0x30'),
      },
    ],
  },
  'sluice-data-loss-ahead': {
    fires: { series: one('sluice_kinesis_reader_behind_latest_seconds', '0x9 43201x30'), trueAtMinute: 10 },
    quiet: [{ why: 'hours behind', series: one('sluice_kinesis_reader_behind_latest_seconds', '40000x40') }],
  },
  'sluice-poll-stalled': {
    fires: { series: one('sluice_kinesis_reader_last_poll_age_seconds', '1x9 61+60x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'one slow call', series: one('sluice_kinesis_reader_last_poll_age_seconds', '1x9 70 1x30') },
    ],
  },
  'sluice-stream-gap': {
    fires: { series: one('sluice_kinesis_reader_gaps_total', '2x9 3x30'), trueAtMinute: 10 },
    quiet: [
      { why: 'a gap before this window', series: one('sluice_kinesis_reader_gaps_total', '2x40') },
      { why: 'a restart sets the counter back', series: one('sluice_kinesis_reader_gaps_total', '2x9 0x30') },
    ],
  },
};
