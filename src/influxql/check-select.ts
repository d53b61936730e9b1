import {
  isAggregate,
  isMath,
  isTransformation,
  MATH,
  RANKINGS,
  SELECTORS,
  SUPPORTED_FUNCTIONS,
} from './functions.js';
import { InfluxqlError } from './influxql-error.js';
import type { Call, Expression, Field, SelectStatement } from './statement.js';

const LITERALS: ReadonlySet<Expression['kind']> = new Set([
  'string',
  'integer',
  'number',
  'boolean',
  'duration',
  'time',
]);

/** Throws an InfluxqlError for what no store can answer: wrong arguments, and fields that cannot stand beside each other. */
export function checkSelect(
  fields: readonly Field[],
  statement: Pick<SelectStatement, 'fill' | 'limit' | 'ascending'>,
  isGroupedByTime: boolean,
): void {
  new SelectCheck(statement, isGroupedByTime).check(fields);
}

class SelectCheck {
  readonly #statement: Pick<SelectStatement, 'fill' | 'limit' | 'ascending'>;
  readonly #isGroupedByTime: boolean;
  #calls = 0;
  #hasFields = false;
  #hasDistinct = false;
  #ranking: string | undefined;
  #onlySelectors = true;

  constructor(statement: Pick<SelectStatement, 'fill' | 'limit' | 'ascending'>, isGroupedByTime: boolean) {
    this.#statement = statement;
    this.#isGroupedByTime = isGroupedByTime;
  }

  check(fields: readonly Field[]): void {
    if (fields.length === 0) throw new InfluxqlError('at least 1 non-time field must be queried');
    for (const { expression } of fields) this.#expression(expression, true);
    const { kind } = this.#statement.fill;
    if (this.#calls === 0) {
      if (kind === 'none' || kind === 'linear') {
        throw new InfluxqlError(`fill(${kind}) must be used with a function`);
      }
      if (this.#isGroupedByTime) throw new InfluxqlError('GROUP BY requires at least one aggregate function');
    }
    if (this.#ranking !== undefined && this.#calls > 1) {
      throw new InfluxqlError(`selector function ${this.#ranking}() cannot be combined with other functions`);
    }
    if (this.#hasDistinct && (this.#calls !== 1 || this.#hasFields)) {
      throw new InfluxqlError(
        'aggregate function distinct() cannot be combined with other functions or fields',
      );
    }
    if (!this.#hasFields) return;
    if (!this.#onlySelectors)
      throw new InfluxqlError('mixing aggregate and non-aggregate queries is not supported');
    if (this.#calls > 1) {
      throw new InfluxqlError('mixing multiple selector functions with tags or fields is not supported');
    }
  }

  #expression(expression: Expression, isAlone: boolean): void {
    switch (expression.kind) {
      case 'reference':
        this.#hasFields = true;
        return;
      case 'wildcard':
      case 'regex':
        if (!isAlone) throw new InfluxqlError(`unable to use ${expression.kind} in a binary expression`);
        this.#hasFields = true;
        return;
      case 'call':
        this.#call(expression, isAlone);
        return;
      case 'binary':
        this.#binary(expression.left, expression.right);
        return;
      default:
        throw new InfluxqlError('field must contain at least one variable');
    }
  }

  #binary(left: Expression, right: Expression): void {
    const sides = [left, right].filter(({ kind }) => !LITERALS.has(kind));
    if (sides.length === 0) throw new InfluxqlError('cannot perform a binary expression on two literals');
    for (const side of sides) this.#expression(side, false);
  }

  #call(call: Call, isAlone: boolean): void {
    const { name, args } = call;
    if (isMath(name)) {
      expectArguments(call, MATH[name]);
      for (const arg of args) if (!LITERALS.has(arg.kind)) this.#expression(arg, isAlone);
      return;
    }
    this.#calls += 1;
    this.#function(call, isAlone, false);
  }

  #function(call: Call, isAlone: boolean, isNested: boolean): void {
    const { name } = call;
    if (isTransformation(name)) {
      this.#onlySelectors = false;
      this.#transformation(call, isAlone);
      return;
    }
    if (!SELECTORS.has(name)) this.#onlySelectors = false;
    if (name === 'distinct') {
      if (isNested) throw new InfluxqlError('distinct() inside a transformation is not supported');
      this.#hasDistinct = true;
      checkDistinct(call);
      return;
    }
    if (!isAggregate(name)) {
      throw new InfluxqlError(`undefined function ${name}(); supported are ${SUPPORTED_FUNCTIONS}`);
    }
    if (RANKINGS.has(name)) {
      if (isNested) throw new InfluxqlError(`${name}() inside a transformation is not supported`);
      this.#ranking = name;
      this.#checkRanking(call);
      return;
    }
    expectArguments(call, name === 'percentile' ? 2 : 1);
    const [of, nth] = call.args;
    if (name === 'percentile' && nth!.kind !== 'integer' && nth!.kind !== 'number') {
      throw new InfluxqlError('expected float argument in percentile()');
    }
    if (name === 'count' && of!.kind === 'call' && of!.name === 'distinct') checkDistinct(of!);
    else this.#fieldArgument(name, of!, isAlone);
  }

  #checkRanking({ name, args }: Call): void {
    const [of, count] = args;
    if (args.length > 2) throw new InfluxqlError(`tags inside ${name}() are not supported: use GROUP BY`);
    if (of?.kind !== 'reference')
      throw new InfluxqlError(`expected first argument to be a field in ${name}()`);
    if (count?.kind !== 'integer') throw new InfluxqlError(`expected integer as last argument in ${name}()`);
    if (count.value < 1n) {
      throw new InfluxqlError(`limit (${count.value}) in ${name} function must be at least 1`);
    }
    const { limit } = this.#statement;
    if (limit > 0 && count.value > limit) {
      throw new InfluxqlError(
        `limit (${count.value}) in ${name} function can not be larger than the LIMIT (${limit}) in the select statement`,
      );
    }
  }

  #fieldArgument(name: string, argument: Expression, isAlone: boolean): void {
    if (argument.kind === 'reference') return;
    if (argument.kind !== 'wildcard' && argument.kind !== 'regex') {
      throw new InfluxqlError(`expected field argument in ${name}()`);
    }
    if (!isAlone) throw new InfluxqlError(`unsupported expression with ${argument.kind}: ${name}()`);
    this.#onlySelectors = false;
  }

  #transformation(call: Call, isAlone: boolean): void {
    const { name } = call;
    checkSecondArgument(call);
    const isGrouped = this.#isGroupedByTime;
    const [of] = call.args;
    if (name === 'integral') {
      if (!this.#statement.ascending) {
        throw new InfluxqlError('integral() with ORDER BY time DESC is not supported');
      }
      this.#fieldArgument(name, of!, isAlone);
      return;
    }
    if (of!.kind === 'call') {
      if (!isGrouped) throw new InfluxqlError(`${name} aggregate requires a GROUP BY interval`);
      if (isMath(of!.name)) throw new InfluxqlError(`${of!.name}() inside ${name}() is not supported`);
      this.#function(of!, isAlone, true);
      return;
    }
    if (isGrouped) throw new InfluxqlError(`aggregate function required inside the call to ${name}`);
    this.#fieldArgument(name, of!, isAlone);
  }
}

function checkDistinct(call: Call): void {
  expectArguments(call, 1);
  if (call.args[0]!.kind !== 'reference') throw new InfluxqlError('expected field argument in distinct()');
}

function checkSecondArgument(call: Call): void {
  const { name, args } = call;
  const second = args[1];
  switch (name) {
    case 'moving_average':
      expectArguments(call, 2);
      if (second!.kind !== 'integer') {
        throw new InfluxqlError('second argument for moving_average must be an integer');
      }
      if (second!.value <= 1n) {
        throw new InfluxqlError(`moving_average window must be greater than 1, got ${second!.value}`);
      }
      return;
    case 'derivative':
    case 'non_negative_derivative':
    case 'elapsed':
    case 'integral':
      if (second === undefined) break;
      expectArguments(call, 2);
      if (second.kind !== 'duration')
        throw new InfluxqlError(`second argument to ${name} must be a duration`);
      if (second.ns <= 0n) throw new InfluxqlError(`duration argument of ${name} must be positive`);
      return;
    default:
      break;
  }
  expectArguments(call, 1);
}

function expectArguments({ name, args }: Call, expected: number): void {
  if (args.length === expected) return;
  throw new InfluxqlError(
    `invalid number of arguments for ${name}, expected ${expected}, got ${args.length}`,
  );
}
