import { shippedProfiles } from '../config/profiles/find-profile.js';
import type { RuleSet } from '../rules/rule-set.js';
import type { SampleMessage } from './sample-message.js';
import { type Counts, compileText, countOutcomes, tryRules } from './try-rules.js';

/** A profile whose rules take messages. */
export interface ProfileFit {
  readonly profile: string;
  /** The setting `zone`, where the device times have none. */
  readonly zone?: string;
  readonly counts: Counts;
}

/** A profile fits messages of which it parks no more than the rest. */
const MIN_TAKEN = 0.8;

/** ProfileFitter tries messages with the profiles that come with Sluice. It compiles each once. */
export class ProfileFitter {
  readonly #compiled = new Map<string, RuleSet | undefined>();

  /** The profile that takes most of the messages, and makes points of some; undefined when none fits. */
  best(messages: readonly SampleMessage[], zone: string | undefined): ProfileFit | undefined {
    const fits = shippedProfiles().flatMap((profile) => {
      const fit = this.try(profile, messages, zone);
      return fit === undefined || fit.counts.written === 0 ? [] : [fit];
    });
    return fits.sort((one, other) => other.counts.written - one.counts.written)[0];
  }

  /** How a profile takes the messages, perhaps by filtering all of them; undefined when it parks too many. */
  try(profile: string, messages: readonly SampleMessage[], zone: string | undefined): ProfileFit | undefined {
    const withZone = zone === undefined ? undefined : this.#rules(profile, zone);
    const rules = withZone ?? this.#rules(profile, undefined);
    if (rules === undefined || !messages.some(({ topic }) => rules.matches(topic).length > 0))
      return undefined;
    const counts = countOutcomes(tryRules(rules, messages));
    if (counts.written + counts.filtered < messages.length * MIN_TAKEN) return undefined;
    return { profile, counts, ...(withZone !== undefined && { zone: zone! }) };
  }

  /** Undefined where the profile has no such setting. */
  #rules(profile: string, zone: string | undefined): RuleSet | undefined {
    const use = JSON.stringify({ profile, ...(zone !== undefined && { settings: { zone } }) });
    if (!this.#compiled.has(use)) this.#compiled.set(use, compileText(`rules: [${use}]`));
    return this.#compiled.get(use);
  }
}
