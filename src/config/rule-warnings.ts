import { isBridgeState, topicNameFault } from '../lib/mqtt-names.js';
import { hiddenRules } from '../rules/hidden-rules.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import type { SluiceConfig } from './sluice-config.js';

/** Adds a finding for each rule that no record can reach: the configuration is valid, but hardly what was meant. */
export function findRuleWarnings(
  { rules, mapping }: Pick<SluiceConfig, 'rules' | 'mapping'>,
  findings: Findings,
): void {
  const refused = rules.map(({ topic }) => topicFaultOf(topic));
  for (const [index, fault] of refused.entries()) {
    if (fault === undefined) continue;
    findings.add([topicPath(index)], {
      expected: 'a filter of topics that the broker accepts, or no such rule',
      hint: `no record reaches this rule: the broker takes no topic of it (${fault})`,
    });
  }
  if (mapping.match === 'all') return;
  for (const { index, by } of hiddenRules(rules)) {
    // One reason is enough.
    if (refused[index] !== undefined) continue;
    findings.add([topicPath(index), topicPath(by)], {
      expected: `a rule that some topic reaches: ${findings.keyOf(['rules', by])} is before it and takes every topic of it`,
      hint: 'move this rule before that one, or make the filter of that one narrower',
    });
  }
}

/** Why the broker takes no topic of a filter; undefined when it takes some. */
function topicFaultOf(filter: string): string | undefined {
  const shortest = filter.split('/').map((level) => (/^[+#]/.test(level) ? 'a' : level));
  const topic = shortest.join('/');
  return isBridgeState(topic) ? 'messages on it are not stored' : topicNameFault(topic)?.detail;
}

function topicPath(index: number): KeyPath {
  return ['rules', index, 'topic'];
}
