import fc from 'fast-check';
import type {
  AutoFieldsOptions,
  EachOptions,
  FieldOptions,
  RuleOptions,
  SourceOptions,
  TagOptions,
  TimeOptions,
} from '../../src/rules/rule-options.js';
import { KEYS } from './random-records.js';

/** The tables that random rules look values up in. */
export const TABLES = {
  sites: {
    columns: ['site', 'note'],
    rows: new Map([
      ['a', ['north', 'x,y=1 2']],
      ['b', ['', 'back\\']],
      ['1', ['line\nfeed', '"']],
    ]),
  },
};

const DAY_MS = 86_400_000;

const key = fc.constantFrom(...KEYS);
/** A key as a step of a path. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('.t', '.h', '.list') },
  {
    weight: 6,
    arbitrary: key.map((name) => (/^[A-Za-z]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`)),
  },
  { weight: 1, arbitrary: fc.constantFrom('[0]', '[1]') },
);
const steps = fc.array(step, { maxLength: 1 }).map((parts) => parts.join(''));

/** A reference to a value whose type is known only when the rule runs. It may name the variables of `each`. */
function valueReference(variables: readonly string[]): fc.Arbitrary<string> {
  const root = fc.constantFrom('payload', ...variables);
  const inside = fc.tuple(root, steps).map((parts) => parts.join(''));
  return fc.oneof({ weight: 3, arbitrary: fc.constant('payload.t') }, { weight: 4, arbitrary: inside });
}

function reference(variables: readonly string[]): fc.Arbitrary<string> {
  const inMessage = valueReference(variables);
  const ofRecord = fc.constantFrom('topic', 'topic.site', 'topic.rest', 'device', 'clientId');
  return fc.oneof({ weight: 5, arbitrary: inMessage }, { weight: 1, arbitrary: ofRecord });
}

function template(variables: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom('', 'x-', '{{', 'a b,'),
      fc.array(reference(variables), { minLength: 1, maxLength: 2 }),
    )
    .map(([before, references]) => before + references.map((text) => `{${text}}`).join('_'));
}

function condition(variables: readonly string[]): fc.Arbitrary<string> {
  const any = valueReference(variables);
  return fc.oneof(
    fc.constantFrom('true', 'qos > 0', 'clientId != "b"', 'size(payload) < 9'),
    fc.tuple(any, fc.constantFrom('> 1.0', '!= dyn("a")', '!= dyn(null)')).map((parts) => parts.join(' ')),
    key.map((name) => `!(${JSON.stringify(name)} in payload)`),
  );
}

function cel(variables: readonly string[]): fc.Arbitrary<string> {
  const any = valueReference(variables);
  return fc.oneof(
    any.map((text) => `${text} * 1.8 + 32.0`),
    any.map((text) => `string(${text}) + "\\n,= "`),
    any.map((text) => `${text} > 0 ? ${text} : -1`),
    any,
  );
}

function source(variables: readonly string[]): fc.Arbitrary<SourceOptions> {
  return fc.oneof(
    { weight: 5, arbitrary: reference(variables).map((path) => ({ path })) },
    {
      weight: 2,
      arbitrary: fc.array(reference(variables), { minLength: 2, maxLength: 3 }).map((path) => ({ path })),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<SourceOptions>({ value: 7 }, { value: true }, { value: 'a,b= c' }),
    },
    { weight: 2, arbitrary: template(variables).map((text) => ({ template: text })) },
    { weight: 2, arbitrary: cel(variables).map((text) => ({ cel: text })) },
    {
      weight: 1,
      arbitrary: fc.record({
        lookup: fc.record({
          table: fc.constant('sites'),
          key: fc.oneof(reference(variables), template(variables)),
          column: fc.constantFrom('site', 'note'),
        }),
      }),
    },
  );
}

const words = {
  noValue: fc.constant(['None', 'nan', -127]),
  map: fc.constant({ ON: true, OFF: false, a: 1, b: 'line\nfeed' }),
  suffix: fc.constant([' °C', '%']),
};

function tag(variables: readonly string[]): fc.Arbitrary<TagOptions> {
  const options = fc.record(
    {
      noValue: words.noValue,
      map: words.map,
      default: fc.constantFrom('none', 'a b'),
      required: fc.boolean(),
      otherwise: fc.constantFrom('park' as const, 'omit' as const, 'replace' as const),
    },
    { requiredKeys: [] },
  );
  return combined(source(variables), options).filter(
    (made) => !(made.required === true && made.default !== undefined),
  );
}

function field(variables: readonly string[]): fc.Arbitrary<FieldOptions> {
  const ofNumber = fc.record(
    {
      type: fc.constantFrom('float' as const, 'int' as const),
      scale: fc.constantFrom(0.1, 10, -3),
      offset: fc.constantFrom(-40, 0.5),
      round: fc.integer({ min: 0, max: 3 }),
      range: fc.constant([-50, 1_000] as const),
      suffix: words.suffix,
      decimalComma: fc.constant(true),
      noValue: words.noValue,
      otherwise: fc.constantFrom('park' as const, 'omit' as const, 'clamp' as const),
    },
    { requiredKeys: ['type'] },
  );
  const ofText = fc.record(
    {
      type: fc.constant('string' as const),
      truncate: fc.integer({ min: 1, max: 5 }),
      map: words.map,
      otherwise: fc.constantFrom('park' as const, 'omit' as const),
    },
    { requiredKeys: ['type'] },
  );
  const ofAny = fc.record(
    {
      type: fc.constantFrom('boolean' as const, 'float' as const),
      required: fc.boolean(),
      map: fc.constant({ ON: true, OFF: false }),
    },
    { requiredKeys: [] },
  );
  const unconverted = ofNumber.filter(({ otherwise, range }) => otherwise !== 'clamp' || range !== undefined);
  return combined(source(variables), fc.oneof(unconverted, ofText, ofAny));
}

function time(variables: readonly string[], index: string | undefined): fc.Arbitrary<RuleOptions['time']> {
  const span = fc.record({
    path: reference(variables),
    unit: fc.constantFrom('s' as const, 'ms' as const, 'us' as const, 'ns' as const),
  });
  const from = fc.oneof(
    fc.oneof(reference(variables), fc.constant('payload.ts')).map((path) => ({ path })),
    template(variables).map((text) => ({ template: text })),
    fc.constant({ cel: 'payload.ts' }),
  );
  const options: fc.Arbitrary<Omit<TimeOptions, keyof SourceOptions>> = fc.record(
    {
      unit: fc.constantFrom('auto' as const, 's' as const, 'ms' as const, 'ns' as const, 'rfc3339' as const),
      interval: fc.oneof(fc.constantFrom(1_000_000, 1), span),
      offset: span,
      maxPastMs: fc.constantFrom(7 * DAY_MS, 36_500 * DAY_MS),
      maxFutureMs: fc.constantFrom(600_000, 3_650 * DAY_MS),
      otherwise: fc.constantFrom('park' as const, 'receive' as const, 'clamp' as const),
    },
    { requiredKeys: ['unit', 'maxPastMs', 'maxFutureMs'] },
  );
  const given: fc.Arbitrary<TimeOptions> = combined(from, options).map(({ interval, ...made }) =>
    index === undefined || interval === undefined ? made : { ...made, interval },
  );
  return fc.oneof(fc.constantFrom(undefined, 'auto' as const), given);
}

const LEVELS = [
  { as: 'element', key: 'key', index: 'index' },
  { as: 'inner', key: 'innerKey', index: 'innerIndex' },
];

function each(levels: number): fc.Arbitrary<EachOptions[]> {
  return fc.tuple(
    ...LEVELS.slice(0, levels).map((names, depth) => {
      const outer = LEVELS.slice(0, depth).map(({ as }) => as);
      const base = fc.constantFrom(...(depth === 0 ? ['payload'] : outer));
      const path = fc.oneof(
        fc.tuple(base, steps).map((parts) => parts.join('')),
        fc.constant(depth === 0 ? 'payload.list' : 'element'),
      );
      const where = condition([...outer, names.as]);
      return combined(
        fc.oneof(
          path.map((one) => ({ path: one })),
          fc.array(path, { minLength: 2, maxLength: 2 }).map((some) => ({ path: some })),
        ),
        fc.record({ where: rarely(where) }),
      ).map((made) => ({ ...names, ...made }));
    }),
  );
}

const autoFields = fc.record<AutoFieldsOptions>(
  {
    include: fc.constantFrom(['*'], ['t*', 'a_*']),
    exclude: fc.constantFrom(['h*'], ['*_b']),
    rename: fc.constantFrom<Record<string, string>>({ 'a_*': '*' }, { '*': 'x_*' }, { 't*': 'same' }),
    texts: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** A rule that uses most of what the language has. `maxNames` bounds the names that messages may give. */
export function randomRule(maxNames?: number): fc.Arbitrary<RuleOptions> {
  return fc.integer({ min: 0, max: LEVELS.length }).chain((levels) => {
    const variables = LEVELS.slice(0, levels).flatMap((names) => [names.as, names.key, names.index]);
    const index = LEVELS[levels - 1]?.index;
    const fieldName = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('t', 'h', 'a b', 'x=y') },
      { weight: maxNames === undefined ? 1 : 4, arbitrary: template(variables) },
    );
    const named = fc.dictionary(fieldName, field(variables), {
      minKeys: 1,
      maxKeys: 4,
      noNullPrototype: true,
    });
    const measurement = fc.oneof(
      { weight: 3, arbitrary: fc.constant<RuleOptions['measurement']>('m,x y') },
      {
        weight: 1,
        arbitrary: fc.oneof(
          reference(variables).map((path) => ({ path })),
          template(variables).map((text) => ({ template: text })),
        ),
      },
    );
    return fc.record(
      {
        name: fc.constant('r'),
        topic: fc.constantFrom('+site/#rest', '+site/#rest', '+site/+/#rest', 's/+site/#rest'),
        where: rarely(condition([])),
        sample: rarely(fc.constant(0.5)),
        continue: fc.boolean(),
        check: rarely(
          fc
            .array(condition(variables), { minLength: 1, maxLength: 2 })
            .map((all) => all.map((one) => ({ if: one, else: 'not so' }))),
        ),
        ...(levels > 0 && { each: each(levels) }),
        measurement,
        time: time(variables, index),
        tags: fc.dictionary(fc.constantFrom('site', 'dev,x', 'z'), tag(variables), {
          maxKeys: 3,
          noNullPrototype: true,
        }),
        fields: fc.oneof(
          { weight: 3, arbitrary: named },
          { weight: 1, arbitrary: fc.constant<'auto'>('auto') },
        ),
        autoFields: rarely(autoFields),
        whenEmpty: fc.constantFrom('park' as const, 'filter' as const),
        maxElements: fc.constantFrom(2, 2_000, 2_000, 2_000),
        maxNames: fc.constant(maxNames ?? 1_000),
      },
      {
        requiredKeys: [
          'name',
          'topic',
          'measurement',
          'tags',
          'fields',
          'maxNames',
          ...(levels > 0 ? ['each' as never] : []),
        ],
      },
    ) as fc.Arbitrary<RuleOptions>;
  });
}

/** Most rules go without: each of these takes records away. */
function rarely<Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

/** The two objects in one. */
function combined<A extends object, B extends object>(
  a: fc.Arbitrary<A>,
  b: fc.Arbitrary<B>,
): fc.Arbitrary<A & B> {
  return fc.tuple(a, b).map(([first, second]) => ({ ...first, ...second }));
}
