import { expect, test } from 'vitest';
import type { ConsumeFacts } from '../../src/metrics/metrics-snapshot.js';
import { CONSUME } from '../../src/metrics/tables/consume-metrics.js';

test('sluice_consumer_budget_used_ratio has a value for each budget', () => {
  const ratios = { series: 0.4, 'tag-values': 0.5, fields: 0.1, 'client-series': 0.8, 'client-fields': 0.2 };
  const facts = { budgets: { ratios, limits: undefined, measurements: [] } } as unknown as ConsumeFacts;
  const metric = CONSUME.labelled?.find(([name]) => name === 'sluice_consumer_budget_used_ratio');
  const [, , label, kind, read] = metric!;
  expect([label, kind, read(facts)]).toEqual(['budget', 'gauge', ratios]);
});
