import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LedgerView, StageCounters } from '../../src/http/gateway-view.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { NEXT_STEPS } from '../../src/lib/warnings.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';
import { pageModule } from '../support/page-module.js';
import { windowsReport } from '../support/windows-report.js';

type State = StageCounters & { readonly ledger: LedgerView };
interface Stage {
  readonly id: string;
  readonly codes: RegExp;
  readonly metrics: readonly string[];
  facts(state: { readonly broker: StageCounters['broker'] }): readonly (readonly unknown[])[];
}
const { STAGES, stageTotals } = await pageModule<{
  STAGES: readonly Stage[];
  stageTotals(state: State): Record<string, number>;
}>('stages.js');

describe('STAGES', () => {
  it('names metrics that the gateway has', () => {
    const documented = readFileSync(join(packageRoot(), 'docs/metrics.md'), 'utf8');
    for (const { metrics } of STAGES) {
      expect(metrics.length).toBeGreaterThan(3);
      for (const name of metrics) expect(documented).toContain(`| \`${name}\` |`);
    }
  });

  it('speaks of subscribers once there are some, or something waits or is retained for them', () => {
    const { broker } = new FakeGatewayView().counters();
    if (broker === undefined) throw new Error('the view has no broker');
    const namesOf = (of: typeof broker) => STAGES[0]?.facts({ broker: of }).map(([name]) => name);
    expect(namesOf(broker)).toEqual(['connected', 'receipts']);
    for (const one of [{ subscribers: 1 }, { waitingMessages: 1 }, { retainedMessages: 1 }]) {
      expect(namesOf({ ...broker, ...one })).toEqual([
        'connected',
        'receipts',
        'subscribers',
        'waiting for them',
        'retained',
      ]);
    }
  });

  it.each([
    ['LOG_BLOCKED', ['log']],
    ['STORE_UNAVAILABLE', ['sink']],
    ['KINESIS_THROTTLED', ['producer', 'reader']],
    ['LEASE_LOST', ['reader']],
    ['SINK_ABORTED', ['sink']],
    ['WINDOW_FOLD_FAILED', ['windows']],
    ['WINDOWS_STATE_LOST', ['windows']],
    ['WINDOWS_WITHOUT_POINTS', ['windows']],
    ['DEAD_LETTER_FULL', ['consumer']],
    ['CARDINALITY_EXCEEDED', ['consumer']],
    ['STATE_LOST', ['consumer']],
    ['BROKER_TOO_MANY_CONNECTIONS', ['broker']],
    ['FLEET_ENDED', []],
  ])('counts the warning %s among those of %j', (code, ids) => {
    expect(STAGES.filter(({ codes }) => codes.test(code)).map(({ id }) => id)).toEqual(ids);
  });
});

it('shows every warning at a stage but those that are about none', () => {
  const ofNone = Object.keys(NEXT_STEPS).filter((code) => !STAGES.some(({ codes }) => codes.test(code)));
  expect(ofNone).toEqual([
    'USAGE_INVALID',
    'CONFIG_UNREADABLE',
    'CONFIG_INVALID',
    'DATA_DIRECTORY_LOCKED',
    'DATA_DIRECTORY_UNUSABLE',
    'DATA_DIRECTORY_MISMATCH',
    'RELOAD_BUSY',
    'RELOAD_FAILED',
    'CONTROL_FAILED',
    'CONFIG_RELOAD_REFUSED',
    'RULES_UNREACHABLE',
    'LEDGER_RESET',
    'TIMELINE_FAILED',
    'OWN_METRICS_REFUSED',
    'OTLP_FAILED',
    'OTLP_TRACES_FAILED',
    'HTTP_FAILED',
    'FLEET_ENDED',
    'STOP_INCOMPLETE',
    'STOPPED_AT_ONCE',
  ]);
});

describe('stageTotals', () => {
  const view = new FakeGatewayView();
  view.outcomes = { written: 1, parked: { a: 3 }, filtered: { b: 2 } };
  const state = () => ({ ...view.counters(), ledger: view.ledger() });

  it('has a total for each stage that runs here and each way off the path', () => {
    expect(stageTotals(state())).toEqual({
      broker: 0,
      'broker:refused': 0,
      'broker:shed': 0,
      log: 0,
      consumer: 0,
      'consumer:parked': 3,
      'consumer:filtered': 2,
      sink: 0,
    });
  });

  it('takes what was parked on each side of Kinesis from the ledger of that side', () => {
    const ledger = view.ledger();
    const parts = { ingest: { ...ledger, parked: 1 }, consume: { ...ledger, parked: 2 } };
    const status = { state: 'healthy', detail: '' } as const;
    const producer = {
      recordsSent: 9,
      kinesisRecordsSent: 1,
      putUnits: 1,
      throttled: 0,
      retried: 0,
      lagMs: 0,
      status,
    };
    expect(stageTotals({ ...state(), producer, ledger: { ...ledger, parts } })).toMatchObject({
      'producer:parked': 1,
      'consumer:parked': 2,
    });
  });

  it('adds up the rows of all windows, and shows those refused only where there are some', () => {
    view.windows = windowsReport([
      { measurement: 'climate_5min', rowsWritten: 3 },
      { measurement: 'climate_1h', rowsWritten: 4 },
    ]);
    expect(stageTotals(state())).toMatchObject({ windows: 7 });
    expect(stageTotals(state())).not.toHaveProperty('windows:rows refused');
    view.windows = windowsReport([
      { measurement: 'climate_5min', rowsRefused: 2 },
      { measurement: 'climate_1h', rowsRefused: 1 },
    ]);
    expect(stageTotals(state())).toMatchObject({ 'windows:rows refused': 3 });
  });

  it('shows what the log lost only where it lost something', () => {
    expect(stageTotals({ ...state(), ledger: { ...view.ledger(), lost: 4 } })).toMatchObject({
      'log:lost': 4,
    });
  });
});
