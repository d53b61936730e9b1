import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { shippedProfiles } from '../../src/config/profiles/find-profile.js';
import { StateTables } from '../../src/lib/state-tables.js';
import type { RuleSet } from '../../src/rules/rule-set.js';
import { type Outcome, outcomeIn, ruleSetOf } from '../rules/rule-outcome.js';
import { bytesOf, type Case, type Cases, casesOf } from './profile-cases.js';

const FOLDER = import.meta.dirname;

/** What becomes of a case behind the messages before it. */
function outcomeOf(rules: RuleSet, message: Case): Outcome {
  const state = new StateTables();
  for (const before of message.after ?? [])
    outcomeIn(rules, bytesOf(before), { topic: before.topic }, { state });
  return outcomeIn(rules, bytesOf(message), { topic: message.topic }, { state });
}

/** Most cases of a profile have the same rules. */
const compiled = new Map<string, RuleSet>();

function rulesWith(profile: string, use: Cases['use'], match: 'first' | 'all'): RuleSet {
  const config = JSON.stringify({ consumer: { match }, rules: [{ profile, ...use }] });
  const rules = compiled.get(config) ?? ruleSetOf(config);
  compiled.set(config, rules);
  return rules;
}

it('every profile has cases', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  expect(files.map((file) => file.replace('.yaml', '')).sort()).toEqual(shippedProfiles());
});

describe.each(shippedProfiles())('the profile %s', (profile) => {
  const { use, cases } = casesOf(profile);

  // A user whose rules all take a message that matches gets the same.
  describe.each(['first', 'all'] as const)('where %s of the rules may take a message', (match) => {
    it.each(cases)('$what', (message) => {
      const { lines, outcome, reason, notes } = outcomeOf(
        rulesWith(profile, message.use ?? use, match),
        message,
      );
      expect(outcome, reason).toBe(message.outcome ?? 'written');
      expect(lines).toEqual(message.lines ?? []);
      // That not all devices of a family send the same is expected.
      expect(notes).not.toHaveProperty('field-missing');
      expect(notes).not.toHaveProperty('tag-missing');
    });
  });

  it('has a case for the topics of each rule', () => {
    const { rules } = rulesWith(profile, use, 'all');
    const untried = rules.filter(({ pattern }) => !cases.some(({ topic }) => pattern.match(topic)));
    expect(untried.map(({ name }) => name)).toEqual([]);
  });

  it('is named in docs/profiles.md', () => {
    expect(readFileSync(join(FOLDER, '../../docs/profiles.md'), 'utf8')).toMatch(
      new RegExp(`^\\|.*\`${profile}\``, 'm'),
    );
  });

  it('names its source, and no rule of it hides another', () => {
    const text = readFileSync(join(FOLDER, `../../src/profiles/${profile}.yaml`), 'utf8');
    expect(text).toMatch(new RegExp(`^name: ${profile}\n`));
    expect(text).toMatch(/^source: https:\/\/\S+$/m);
    const parsed = parseConfig(`rules: [{ profile: ${profile} }]`, 'sluice.yaml', '/', {});
    expect(parsed.ok && parsed.loaded.warnings).toEqual([]);
  });
});

describe('all profiles together', () => {
  // As docs/profiles.md says: those behind the others whose topics begin with the name of a device.
  const wide = ['esphome', 'shelly'];
  const order = [...shippedProfiles().filter((profile) => !wide.includes(profile)), ...wide];
  const rules = order.map((profile) => ({ profile }));
  const ofDefaults = shippedProfiles().flatMap((profile) => {
    const { use, cases } = casesOf(profile);
    return use === undefined ? cases.filter((one) => one.use === undefined) : [];
  });

  it('leave each rule some topic', () => {
    const parsed = parseConfig(JSON.stringify({ rules }), 'sluice.yaml', '/', {});
    expect(parsed.ok && parsed.loaded.warnings).toEqual([]);
  });

  const together = ruleSetOf(JSON.stringify({ rules }));
  it.each(ofDefaults)('take only their own messages: $topic, $what', (message) => {
    const { lines = [], outcome = 'written' } = message;
    expect(outcomeOf(together, message)).toMatchObject({ outcome, lines });
  });
});
