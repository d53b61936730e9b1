import type { SluiceConfig } from '../config/sluice-config.js';
import type { FirstStepsView } from '../http/gateway-view.js';
import { SluiceError } from '../lib/errors.js';
import { StateTables } from '../lib/state-tables.js';
import { RulesInForce } from '../pipeline/rules-in-force.js';
import { type FirstMessage, firstMessage } from '../rules/first-message.js';
import {
  constantMeasurement,
  DEFAULT_RULES,
  type RuleOptions,
  storesNothing,
} from '../rules/rule-options.js';
import { mappingOptions } from './gateway-options.js';

/** Only so many rules are tried: the page asks while nothing was received. */
const MAX_TRIED_RULES = 20;
const NS_PER_MS = 1_000_000n;

type Rules = Pick<FirstStepsView, 'rule' | 'sample'>;

/** What the page says to somebody who sends the first message. Worked out once for each configuration. */
export class FirstSteps {
  #config: SluiceConfig | undefined;
  #rules: Rules | undefined;

  of(config: SluiceConfig, listeners: FirstStepsView['listeners']): FirstStepsView {
    if (this.#rules === undefined || this.#config !== config) {
      this.#rules = triedRules(config);
      this.#config = config;
    }
    return {
      listeners: listeners.map(({ protocol, host, port }) => ({ protocol, host, port })),
      ...this.#rules,
      store: config.sink.kind,
    };
  }
}

/** The first rule whose sample becomes a point of it; a sample that does not would only confuse. */
function triedRules(config: SluiceConfig): Rules {
  const mapping = mappingOptions(config);
  const rules = mapping.rules.filter((rule) => !storesNothing(rule)).slice(0, MAX_TRIED_RULES);
  try {
    const { current } = new RulesInForce(mapping);
    for (const rule of rules) {
      const sample = firstMessage(rule);
      const measurement = sample && measurementOf(sample, rule, current.apply);
      if (measurement !== undefined) return { rule: described(rule, measurement), sample };
    }
  } catch (thrown) {
    // Rules that another process runs may need what is not here, such as a decoder.
    if (!(thrown instanceof SluiceError)) throw thrown;
  }
  const [first = DEFAULT_RULES[0]!] = rules;
  return { rule: described(first, constantMeasurement(first.measurement)) };
}

function described(rule: RuleOptions, measurement: string | undefined): Rules['rule'] {
  return {
    name: rule.name,
    topic: rule.topic,
    isBuiltIn: rule === DEFAULT_RULES[0],
    ...(measurement !== undefined && { measurement }),
  };
}

/** The measurement of the point that the sample becomes; undefined when this rule makes no point of it. */
function measurementOf(
  { topic, payload }: FirstMessage,
  { name }: RuleOptions,
  apply: RulesInForce['current']['apply'],
): string | undefined {
  const record = {
    receivedAtNs: BigInt(Date.now()) * NS_PER_MS,
    topic,
    clientId: 'device-1',
    qos: 1 as const,
    payload: Buffer.from(payload),
  };
  const mapped = apply(record, new StateTables());
  if (mapped.kind !== 'points' || mapped.rule !== name) return undefined;
  return mapped.points[0]?.series.measurement;
}
