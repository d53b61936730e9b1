import { describe, expect, it } from 'vitest';
import type { MeasurementUse, UsedBudget } from '../../src/rules/policies/budget-use.js';
import { type CardinalityOptions, DEFAULT_CARDINALITY } from '../../src/rules/policies/policy-options.js';
import { pageModule } from '../support/page-module.js';

interface Row {
  readonly measurement: string;
  readonly level: string;
  readonly state: string;
  readonly use: string;
  readonly next: string;
  readonly isParking: boolean;
}
const { budgetRows, budgetSummary } = await pageModule<{
  budgetRows(answer: { limits: CardinalityOptions | null; measurements: readonly MeasurementUse[] }): Row[];
  budgetSummary(rows: readonly Pick<Row, 'level'>[]): string;
}>('budget-words.js');

function measurementWith(fullest: UsedBudget | undefined): MeasurementUse {
  return {
    measurement: 'climate',
    series: 1_200,
    fields: 300,
    tags: [{ tag: 'session', values: 1_100 }],
    clients: [{ client: 'bridge', series: 1_000 }],
    fieldClients: [{ client: 'inventor', fields: 290 }],
    ...(fullest && { fullest }),
  };
}

function rowOf(fullest: UsedBudget | undefined, otherwise: CardinalityOptions['otherwise'] = 'park') {
  const limits = { ...DEFAULT_CARDINALITY, otherwise };
  return budgetRows({ limits, measurements: [measurementWith(fullest)] })[0];
}

const series = (used: number): UsedBudget => ({ budget: 'series', used, limit: 1_000 });

describe('the state of a budget', () => {
  it.each([
    [0, undefined],
    [500, undefined],
    [501, ['healthy', '50\u00a0% used']],
    [799, ['healthy', '79\u00a0% used']],
    [800, ['slow', 'Nearly full, 80\u00a0%']],
    [999, ['slow', 'Nearly full, 99\u00a0%']],
    [1_000, ['stopped', 'Full']],
    [1_200, ['stopped', 'Full']],
  ])('with %i of 1,000 is %j', (used, expected) => {
    const row = rowOf(series(used));
    expect(row && [row.level, row.state]).toEqual(expected);
  });

  it('is not shown where nothing is limited', () => {
    expect(budgetRows({ limits: null, measurements: [measurementWith(undefined)] })).toEqual([]);
  });

  it('has a next step from 80 % on, and asks for a replay only where records are parked', () => {
    expect(rowOf(series(700))).toMatchObject({ next: '', isParking: false });
    expect(rowOf(series(800))).toMatchObject({ next: expect.stringContaining('Make'), isParking: false });
    expect(rowOf(series(1_000))).toMatchObject({ isParking: true });
    expect(rowOf(series(1_000), 'omit')).toMatchObject({ isParking: false });
  });
});

describe('the words name what makes so many, who, and what to do', () => {
  it.each<[UsedBudget, string, string]>([
    [
      { budget: 'tag-values', name: 'session', used: 1_100, limit: 1_100 },
      'The tag “session” has 1,100 of 1,100 values. The client “bridge” added most: 1,000 series.',
      'Records with new series are parked now. Make the tag “session” a field if its values never end, stop what the client “bridge” adds, or raise policies.cardinality.tagValues (docs/policies.md).',
    ],
    [
      { budget: 'series', used: 1_200, limit: 1_200 },
      'It has 1,200 of 1,200 series. Its largest tag is “session” with 1,100 values. The client “bridge” added most: 1,000 series.',
      'Records with new series are parked now. Make the tag “session” a field if its values never end, stop what the client “bridge” adds, or raise policies.cardinality.series (docs/policies.md).',
    ],
    [
      { budget: 'client-series', name: 'bridge', used: 1_000, limit: 1_000 },
      'The client “bridge” added 1,000 of 1,000 series that one client may add. Its largest tag is “session” with 1,100 values.',
      'Records of this client with new series are parked now. Make the tag “session” a field if its values never end, stop what the client “bridge” adds, or raise policies.cardinality.clientShare (docs/policies.md).',
    ],
    [
      { budget: 'fields', used: 300, limit: 300 },
      'It has 300 of 300 fields. The client “inventor” added most: 290 fields.',
      'Records with new fields are parked now. Name the fields in the rule, stop what the client “inventor” adds, or raise policies.cardinality.fields (docs/policies.md).',
    ],
    [
      { budget: 'client-fields', name: 'inventor', used: 290, limit: 290 },
      'The client “inventor” added 290 of 290 fields that one client may add.',
      'Records of this client with new fields are parked now. Name the fields in the rule, stop what the client “inventor” adds, or raise policies.cardinality.clientShare (docs/policies.md).',
    ],
  ])('for %j', (fullest, use, next) => {
    expect(rowOf(fullest)).toMatchObject({ use, next });
  });

  it.each([
    ['omit', 'series', 'New series lose the tag with most values now.'],
    ['demote', 'series', 'New series get the tag with most values as a text field now.'],
    ['omit', 'fields', 'New fields are omitted now.'],
    ['demote', 'fields', 'New fields are omitted now.'],
  ] as const)('with %s over the budget of %s', (otherwise, budget, effect) => {
    expect(rowOf({ budget, used: 9, limit: 9 }, otherwise)?.next).toContain(`${effect} `);
    expect(rowOf({ budget, used: 8, limit: 9 }, otherwise)?.next).toContain(
      effect.replace(' now.', ' once this is full. '),
    );
  });

  it('name a user as one', () => {
    const use = { ...measurementWith(series(900)), clients: [{ user: 'ops', series: 800 }] };
    const [row] = budgetRows({ limits: DEFAULT_CARDINALITY, measurements: [use] });
    expect(row!.use).toContain('The user “ops” added most: 800 series.');
    expect(row!.next).toContain('stop what the user “ops” adds');
    const share = { budget: 'client-series', name: 'ops', sender: 'user', used: 9, limit: 9 } as const;
    expect(rowOf(share)!.use).toBe(
      'The user “ops” added 9 of 9 series that one user may add. Its largest tag is “session” with 1,100 values.',
    );
    expect(rowOf(share)!.next).toContain('Records of this user with new series are parked now.');
  });

  it('of a measurement without tags name no tag', () => {
    const bare = { ...measurementWith(series(900)), tags: [], clients: [] };
    const [row] = budgetRows({ limits: DEFAULT_CARDINALITY, measurements: [bare] });
    expect(row!.use).toBe('It has 900 of 1,000 series.');
    expect(row!.next).toBe(
      'Records with new series are parked once this is full. Raise policies.cardinality.series (docs/policies.md).',
    );
  });

  it('show what devices have chosen with their marks made visible, and cut it', () => {
    const row = rowOf({ budget: 'tag-values', name: `\u202e${'x'.repeat(100)}`, used: 9, limit: 9 });
    expect(row!.use).toContain(`“\\u{202e}${'x'.repeat(52)}…”`);
  });
});

it.each([
  [['healthy'], 'More than half of a budget is used'],
  [['slow', 'healthy'], '1 nearly full'],
  [['stopped', 'stopped', 'slow'], '2 full, 1 nearly full'],
])('the line about %j is %s', (levels, words) => {
  expect(budgetSummary(levels.map((level) => ({ level })))).toBe(words);
});
