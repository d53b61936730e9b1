import { randomNumbers } from './compared-points.js';

/** Fields of `climate` by type, and what each function of the grammar takes. */
const NUMBERS = ['temperature', 'humidity', 'battery'];
const ANY = [...NUMBERS, 'ok', 'state'];
const OF_NUMBERS = ['sum', 'mean', 'median', 'spread', 'stddev', 'min', 'max'];
const OF_ANY = ['count', 'first', 'last'];
const OVER_WINDOWS: readonly (readonly [name: string, argument?: string])[] = [
  ['derivative', '1s'],
  ['non_negative_derivative', '1m'],
  ['difference'],
  ['non_negative_difference'],
  ['moving_average', '2'],
  ['moving_average', '5'],
  ['cumulative_sum'],
  ['elapsed', '1s'],
];

/** Makes queries of the whole grammar, the same ones for the same seed. */
export class RandomQueries {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  next(): string {
    return this.#chance(0.75) ? this.#aggregated() : this.#raw();
  }

  #aggregated(): string {
    const isWindowed = this.#chance(0.8);
    const fields = this.#list(3, () => this.#field(isWindowed));
    const clauses = [
      `SELECT ${fields.join(', ')} FROM ${this.#source()} WHERE ${this.#where()}`,
      this.#groupBy(isWindowed ? `time(${this.#window()})` : undefined),
      isWindowed
        ? this.#maybe(
            0.8,
            () => `fill(${this.#pick('null', 'none', '0', '3', '-2.5', 'linear', 'previous')})`,
          )
        : '',
      ...this.#end(),
    ];
    return clauses.filter((clause) => clause !== '').join(' ');
  }

  #raw(): string {
    const fields = this.#pick(
      () => '*',
      () => this.#list(4, () => `"${this.#pick(...ANY, 'device', 'site')}"`).join(', '),
      () =>
        `"${this.#pick(...NUMBERS)}" ${this.#pick('+', '-', '*', '/', '%')} ${this.#pick('2', '0.5', '"battery"')}`,
      () => `${this.#pick('difference', 'cumulative_sum', 'derivative')}("${this.#pick(...NUMBERS)}")`,
    )();
    const clauses = [
      `SELECT ${fields} FROM "climate" WHERE ${this.#where()}`,
      this.#groupBy(undefined),
      ...this.#end(),
    ];
    return clauses.filter((clause) => clause !== '').join(' ');
  }

  #field(isWindowed: boolean): string {
    const call = this.#call(isWindowed);
    return this.#pick(
      () => call,
      () => call,
      () => `${call} AS "${this.#pick('a', 'b', 'mean', 'a b')}"`,
      () => `${call} ${this.#pick('+', '-', '*', '/')} ${this.#pick('2', '1.5', this.#number(isWindowed))}`,
    )().replace(/^(count|first|last)\("(ok|state)"\) [-+*/] .*$/, '$1("$2")');
  }

  #call(isWindowed: boolean): string {
    if (!isWindowed || this.#chance(0.6)) return this.#aggregate(isWindowed);
    const [name, argument] = this.#pick(...OVER_WINDOWS);
    const inside = this.#number(isWindowed);
    return `${name}(${inside}${argument === undefined ? '' : `, ${argument}`})`;
  }

  #aggregate(isWindowed: boolean): string {
    return this.#chance(0.35)
      ? `${this.#pick(...OF_ANY)}("${this.#pick(...ANY)}")`
      : this.#number(isWindowed);
  }

  /** An aggregate that is a number. */
  #number(isWindowed: boolean): string {
    const field = this.#pick(...NUMBERS);
    // Without windows it has the time of one of several equal values, which InfluxDB leaves open; and a window that is too small
    // for a low one ends the answer there.
    if (isWindowed && this.#chance(0.1)) return `percentile("${field}", ${this.#pick('50', '75', '99.9')})`;
    return `${this.#pick(...OF_NUMBERS, 'count', 'first', 'last')}("${field}")`;
  }

  #source(): string {
    return this.#chance(0.85)
      ? '"climate"'
      : this.#pick('/^clim/', '"climate", "energy"', '"telemetry"."autogen"."climate"');
  }

  #where(): string {
    const start = this.#whole(7_000);
    const end = start + 1 + this.#whole(7_300 - start);
    const from = `${1_792_454_400 + start}s`;
    const to = `${1_792_454_400_000 + end * 1_000 + this.#whole(1_000)}ms`;
    const range = `time ${this.#pick('>=', '>')} ${from} AND time ${this.#pick('<', '<=')} ${to}`;
    return this.#chance(0.5) ? range : `${range} AND (${this.#condition(2)})`;
  }

  #condition(depth: number): string {
    if (depth > 0 && this.#chance(0.4)) {
      return `(${this.#condition(depth - 1)} ${this.#pick('AND', 'OR')} ${this.#condition(depth - 1)})`;
    }
    const number = this.#pick('0', '5', '12', '19.5', '24', '50');
    return this.#pick(
      () => `"device" ${this.#pick('=', '!=')} '${this.#pick('a1', 'c1', 'x1', 'none')}'`,
      () => `"site" ${this.#pick('=', '!=')} '${this.#pick('', 'attic', 'cellar')}'`,
      () =>
        `"${this.#pick('device', 'site')}" ${this.#pick('=~', '!~')} /${this.#pick('^a', '1$', '^(a1|c1)$', '^$', '.*', 't{2}')}/`,
      () => `"${this.#pick(...NUMBERS)}" ${this.#pick('<', '<=', '>', '>=', '=', '!=')} ${number}`,
      () => `"state" ${this.#pick('=', '!=')} '${this.#pick('idle', 'off', 'x')}'`,
      () => `"state" ${this.#pick('=~', '!~')} /${this.#pick('^i', 'o', 'y$')}/`,
      () => `"ok" = ${this.#pick('true', 'false')}`,
      () => `${this.#pick('86400 > 3600', '1h < 10m')}`,
    )();
  }

  #groupBy(time: string | undefined): string {
    const tags = this.#pick(
      [],
      [],
      ['"device"'],
      ['"site"'],
      ['"device"', '"site"'],
      ['*'],
      ['/^s/'],
      ['"none"'],
    );
    const groups = [...(time === undefined ? [] : [time]), ...tags];
    return groups.length === 0 ? '' : `GROUP BY ${groups.join(', ')}`;
  }

  #window(): string {
    const every = this.#pick('30s', '47s', '1m', '5m', '7m', '1h', '90m');
    return this.#chance(0.7) ? every : `${every}, ${this.#pick('10s', '-3m', '2h')}`;
  }

  #end(): string[] {
    return [
      this.#maybe(0.25, () => 'ORDER BY time DESC'),
      // An offset alone is answered by accident: of the rows as many as it skips, of the series none.
      this.#maybe(
        0.3,
        () => `LIMIT ${1 + this.#whole(12)}${this.#maybe(0.3, () => ` OFFSET ${1 + this.#whole(5)}`)}`,
      ),
      this.#maybe(
        0.15,
        () => `SLIMIT ${1 + this.#whole(3)}${this.#maybe(0.3, () => ` SOFFSET ${1 + this.#whole(2)}`)}`,
      ),
    ];
  }

  #maybe(chance: number, text: () => string): string {
    return this.#chance(chance) ? text() : '';
  }

  #list<T>(max: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.#whole(max) }, make);
  }

  #pick<T>(...from: readonly T[]): T {
    return from[this.#whole(from.length)]!;
  }

  #chance(chance: number): boolean {
    return this.#random() < chance;
  }

  /** From 0 to below `end`. */
  #whole(end: number): number {
    return Math.floor(this.#random() * end);
  }
}
