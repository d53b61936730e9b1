import { describe, expect, it } from 'vitest';
import type { WarningView } from '../../src/http/gateway-view.js';
import type { Incident } from '../../src/timeline/incident.js';
import { incident } from '../support/incidents.js';
import { warningLine } from '../support/live-page.js';
import { pageModule } from '../support/page-module.js';

type Known = WarningView & { readonly key: string };
const { groupByIncident } = await pageModule<{
  groupByIncident(
    warnings: readonly Known[],
    incidents: readonly Incident[],
  ): readonly { incident: Incident | null; warnings: readonly Known[] }[];
}>('warning-groups.js');

const FROM_MS = 1_000_000;
const line = (seq: number, atMs: number, code = 'STORE_UNAVAILABLE'): Known => ({
  ...warningLine({ seq, atMs, code }),
  key: String(seq),
});
const grouped = (warnings: readonly Known[], incidents: readonly Incident[]) =>
  groupByIncident(warnings, incidents).map((group) => [
    group.incident?.id ?? '',
    group.warnings.map(({ seq }) => seq),
  ]);

describe('groupByIncident', () => {
  it('puts the warnings of one incident together, where the newest of them stands', () => {
    const warnings = [
      line(5, FROM_MS + 9_000, 'LOG_BLOCKED'),
      line(4, FROM_MS + 8_000),
      line(3, FROM_MS + 7_000, 'CARDINALITY_EXCEEDED'),
      line(2, FROM_MS),
      line(1, FROM_MS - 60_000),
    ];
    expect(grouped(warnings, [incident({ id: 'a', fromMs: FROM_MS })])).toEqual([
      ['', [5]],
      ['a', [4, 2]],
      ['', [3]],
      ['', [1]],
    ]);
  });

  it('tells two incidents of one cause apart by their times', () => {
    const first = incident({ id: 'first', fromMs: FROM_MS, toMs: FROM_MS + 60_000 });
    const second = incident({ id: 'second', fromMs: FROM_MS + 600_000 });
    const warnings = [line(3, FROM_MS + 600_500), line(2, FROM_MS + 300_000), line(1, FROM_MS + 1_000)];
    expect(grouped(warnings, [second, first])).toEqual([
      ['second', [3]],
      ['', [2]],
      ['first', [1]],
    ]);
  });

  it('takes one that was written a moment before the incident was noticed', () => {
    expect(grouped([line(1, FROM_MS - 3_000)], [incident({ id: 'a', fromMs: FROM_MS })])).toEqual([
      ['a', [1]],
    ]);
  });
});
