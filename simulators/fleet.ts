import { type ScenarioName, type SimulateOptions, UsageError } from './options.js';
import { hashText } from './random.js';
import type { Device, Scenario } from './scenario.js';
import { cities } from './scenarios/cities.js';
import { climate } from './scenarios/climate.js';
import { coldRooms } from './scenarios/cold-rooms.js';
import { electricity } from './scenarios/electricity.js';
import { energy } from './scenarios/energy.js';
import { weather } from './scenarios/weather.js';

const US_PER_SECOND = 1_000_000;

/**
 * The devices of one scenario and their common rate. Times are whole µs, so that rounding never merges two readings.
 */
export interface Fleet {
  readonly scenario: Scenario;
  readonly devices: readonly Device[];
  /** Index of the first device of this fleet among all devices of the run. */
  readonly firstIndex: number;
  /** Real time between two readings of a device; 0 means as fast as they are acknowledged. */
  readonly paceUs: number;
  /** Simulated time between two readings of a device; never below the scenario's resolution. */
  readonly stepUs: number;
  /** Number of messages of the whole fleet; Infinity without `--count`. */
  readonly messages: number;
}

/** Returns the number of devices of a scenario without `--devices`. */
export function defaultDevices(name: ScenarioName): number {
  return scenariosOf(name).reduce((sum, scenario) => sum + scenario.defaultDevices, 0);
}

/**
 * Plans which devices publish at which rate. Throws UsageError when two readings of a device would get the same time.
 */
export function planFleets(options: SimulateOptions): readonly Fleet[] {
  const scenarios = scenariosOf(options.scenario);
  const sizes = fleetSizes(scenarios, options.devices);
  const rates = fleetRates(scenarios, sizes, options);
  const messages = fleetMessages(sizes, rates, options.count);
  const context = {
    seed: hashText(options.seed),
    idPrefix: options.name === undefined ? '' : `${options.name}-`,
    dayMs: options.dayMs,
    storyMs: options.storyMs,
  };
  let firstIndex = 0;
  return scenarios.map((scenario, at): Fleet => {
    const size = sizes[at]!;
    const rate = rates[at]!;
    const paceUs = rate === 'max' ? 0 : Math.round((size / rate) * US_PER_SECOND);
    const fleet: Fleet = {
      scenario,
      devices: Array.from({ length: size }, (_, index) => scenario.device(index, context)),
      firstIndex,
      paceUs,
      stepUs: stepUs(scenario, paceUs, options),
      messages: messages[at]!,
    };
    firstIndex += size;
    return fleet;
  });
}

function scenariosOf(name: ScenarioName): readonly Scenario[] {
  switch (name) {
    case 'cities':
      return [cities];
    case 'climate':
      return [climate];
    case 'energy':
      return [energy];
    case 'all':
      return [cities, climate, energy];
    case 'cold-rooms':
      return [coldRooms];
    case 'weather':
      return [weather];
    case 'electricity':
      return [electricity];
    case 'demo':
      return [coldRooms, weather, electricity];
  }
}

/** Splits the devices of `demo` as 8 to 6 to 6, those of `all` into two cities, then two climate sensors for each meter. */
function fleetSizes(scenarios: readonly Scenario[], devices: number): readonly number[] {
  if (scenarios.length === 1) return [devices];
  if (!scenarios.includes(cities)) {
    if (devices < 3) throw new UsageError(`--devices: scenario demo needs at least 3, got ${devices}.`);
    const rooms = Math.max(1, Math.floor(0.4 * devices));
    const places = Math.max(1, Math.floor(0.3 * devices));
    return [rooms, places, devices - rooms - places];
  }
  if (devices < 4) throw new UsageError(`--devices: scenario all needs at least 4, got ${devices}.`);
  const rest = devices - cities.defaultDevices;
  const meters = Math.max(1, Math.floor(rest / 3));
  return [cities.defaultDevices, rest - meters, meters];
}

function fleetRates(
  scenarios: readonly Scenario[],
  sizes: readonly number[],
  { rate, devices, startAtMs }: SimulateOptions,
): readonly (number | 'max')[] {
  // With a simulated start the simulated clock is independent of the real one: it advances at least one resolution per
  // reading.
  if (startAtMs !== undefined) return sizes.map((size) => (rate === 'max' ? 'max' : (rate * size) / devices));
  if (rate === 'max') {
    if (scenarios.includes(cities)) {
      throw new UsageError(
        '--rate max: cities has whole seconds in its payload, so a device has at most 1 reading a second. Give a number, or --start-at to let simulated time run ahead.',
      );
    }
    return sizes.map(() => 'max');
  }
  // With several scenarios the cities keep their limit, and the others publish the rest.
  const rates = sizes.map((size) => (rate * size) / devices);
  if (scenarios.length > 1 && scenarios.includes(cities)) {
    const [citiesShare, ...others] = rates;
    const citiesRate = Math.min(citiesShare!, sizes[0]!);
    const factor = (rate - citiesRate) / others.reduce((sum, other) => sum + other, 0);
    return checkedRates(scenarios, sizes, [citiesRate, ...others.map((other) => other * factor)]);
  }
  return checkedRates(scenarios, sizes, rates);
}

function checkedRates(
  scenarios: readonly Scenario[],
  sizes: readonly number[],
  rates: readonly number[],
): readonly number[] {
  for (const [at, scenario] of scenarios.entries()) {
    const mostPerDevice = 1000 / scenario.resolutionMs;
    const perDevice = rates[at]! / sizes[at]!;
    if (perDevice <= mostPerDevice) continue;
    throw new UsageError(
      `--rate: ${rounded(rates[at]!)} messages/s from ${sizes[at]} devices of ${scenario.name} is ${rounded(perDevice)} a second each; its timestamps allow ${mostPerDevice}. Use at least ${Math.ceil(rates[at]! / mostPerDevice)} devices, a lower rate, or --start-at to let simulated time run ahead.`,
    );
  }
  return rates;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function stepUs(scenario: Scenario, paceUs: number, options: SimulateOptions): number {
  const resolutionUs = scenario.resolutionMs * 1000;
  if (options.intervalMs === undefined) return Math.max(resolutionUs, paceUs);
  const intervalUs = Math.round(options.intervalMs * 1000);
  if (intervalUs >= resolutionUs) return intervalUs;
  throw new UsageError(
    `--interval: ${options.intervalMs} ms is below the resolution of ${scenario.name}'s timestamps, ${scenario.resolutionMs} ms.`,
  );
}

/** Splits `count` by rate; the remainder of rounding goes to the last fleet. */
function fleetMessages(
  sizes: readonly number[],
  rates: readonly (number | 'max')[],
  count: number | undefined,
): readonly number[] {
  if (count === undefined) return sizes.map(() => Number.POSITIVE_INFINITY);
  const weights = rates.map((rate, at) => (rate === 'max' ? sizes[at]! : rate));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const messages = weights.map((weight) => Math.floor((count * weight) / total));
  const given = messages.reduce((sum, share) => sum + share, 0);
  messages[messages.length - 1] = messages.at(-1)! + count - given;
  return messages;
}
