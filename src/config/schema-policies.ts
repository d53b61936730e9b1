import { formatDuration } from '../lib/quantity.js';
import { TYPE_OTHERWISES } from '../rules/policies/field-types.js';
import { DEFAULT_CARDINALITY, DUCKDB_FIELDS } from '../rules/policies/policy-options.js';
import { duration, oneOf, text, textOrTexts, wholeNumber } from './setting.js';
import { section, wordOr } from './structured-setting.js';

/** What keeps a store healthy; each of them can be set for all rules, and in a rule. */

const reference = 'reference such as payload.a.b, topic.name, device, clientId or user';

const cardinality = section(
  {
    series: wholeNumber({
      min: 1,
      max: 10_000_000,
      description: 'Limit of series of a measurement.',
    }).prefault(DEFAULT_CARDINALITY.series),
    tagValues: wholeNumber({
      min: 1,
      max: 10_000_000,
      description: 'Limit of values of one tag of a measurement.',
    }).prefault(DEFAULT_CARDINALITY.tagValues),
    fields: wholeNumber({
      min: 1,
      max: 100_000,
      description: 'Limit of fields of a measurement whose names come from messages.',
      unset: `${DEFAULT_CARDINALITY.fields}; ${DUCKDB_FIELDS} with DuckDB`,
    }).optional(),
    newFields: wholeNumber({
      min: 1,
      max: 100_000,
      description: 'Limit of such fields that one user, or a client without a user, may add in an hour.',
    }).prefault(DEFAULT_CARDINALITY.newFields),
    clientShare: wholeNumber({
      min: 1,
      max: 100,
      description:
        'Share of `series` and `fields` in percent that one user, or a client without a user, may add, so that the others always find room.',
    }).prefault(DEFAULT_CARDINALITY.clientSharePercent),
    forgetAfter: duration({
      min: 86_400_000,
      max: 3_650 * 86_400_000,
      description: 'Time after which a series or field that was not seen counts no longer.',
    }).prefault(formatDuration(DEFAULT_CARDINALITY.forgetAfterMs)),
    otherwise: oneOf(['park', 'omit', 'demote'], {
      description:
        'What happens over a limit: the record is parked; or the tag with too many values, or the new field, is omitted; or such a tag becomes the field `<tag>_value`.',
    }).prefault(DEFAULT_CARDINALITY.otherwise),
  },
  { description: 'Budgets of a measurement.' },
).transform(({ clientShare, forgetAfter, ...rest }) => ({
  ...rest,
  clientSharePercent: clientShare,
  forgetAfterMs: forgetAfter,
}));

const duplicates = section(
  {
    key: textOrTexts({
      type: reference,
      description: 'What tells two messages apart; of several, all of them together.',
    }),
    within: duration({
      min: 1_000,
      max: 7 * 86_400_000,
      description: 'Time in which a message with the same key is a duplicate, by receive time.',
    }).prefault('10min'),
    maxKeys: wholeNumber({
      min: 100,
      max: 10_000_000,
      description: 'Limit of keys that are remembered; with more, the time becomes shorter.',
    }).prefault(200_000),
  },
  { description: 'Messages that were sent again are filtered as `<rule>: duplicate`.' },
).transform(({ within, ...rest }) => ({ ...rest, withinMs: within }));

const gaps = section(
  {
    counter: text({ type: reference, description: 'The counter in each message.' }),
    by: textOrTexts({
      type: reference,
      description: 'What tells two counters apart.',
      unset: 'clientId and device',
    }).optional(),
    largest: wholeNumber({
      min: 1,
      max: Number.MAX_SAFE_INTEGER,
      description: 'The counter goes from this number back to 0, as 65535 does.',
      unset: 'never',
    }).optional(),
  },
  {
    description:
      'A counter of the device: what is missing in it was lost before the gateway, and is counted.',
  },
);

const collision = oneOf(['keep-last', 'spread'], {
  description:
    'Two different readings of one series at one time: the later one is kept and counted, or each is moved within the precision of its time, by a hash of its values.',
});

const shared = {
  duplicates: duplicates.optional(),
  gaps: gaps.optional(),
};

const type = section(
  {
    otherwise: oneOf(TYPE_OTHERWISES, {
      description:
        'What happens to a field whose value cannot be converted without loss to the type that the store has: `park` parks the record, `omit` omits the field, `side-field` writes it as `<field>_<type>`.',
    }).prefault('park'),
  },
  { description: 'The type that a field has in the store.' },
);

/** For all rules. */
export const policies = section(
  {
    type: type.prefault({}),
    collision: collision.prefault('keep-last'),
    ...shared,
    cardinality: wordOr(false, cardinality, {
      type: 'false, or section',
      description: 'Budgets of a measurement; `false` counts and limits nothing.',
    }).prefault({}),
  },
  { description: 'Policies of all rules that name none of their own (docs/policies.md).' },
);

/** For one rule. */
export const rulePolicies = section(
  {
    collision: collision.optional(),
    ...shared,
    cardinality: wordOr(false, cardinality, {
      type: 'false, or section',
      description: 'Budgets of a measurement; `false` counts and limits nothing.',
    }).optional(),
  },
  { description: 'Policies of this rule; each takes the place of the one of `consumer.policies`.' },
);
