import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMain } from '../commands/run-main.js';
import { tempDirectory } from '../support/temp-directory.js';
import { page } from './pages.js';

const RULES = page('docs/rules.md').text;
const RECEIVED_AT = /came at (\S+Z)/.exec(RULES)![1]!;
const TABLE = /```csv\n(.*?)```/s.exec(RULES)![1]!;
const TEXT = `${RULES}\n${page('docs/formats.md').text}`;

/** Rules, and below them messages (`> topic payload`) with what becomes of each. */
const EXAMPLES = [...TEXT.matchAll(/```yaml\n(rules:\n(?:(?!```).)*)```\n\n```\n(> (?:(?!```).)*)```/gs)].map(
  ([, rules, messages]) => ({ rules: rules!, messages: messages!.trimEnd() }),
);

describe('the examples of docs/rules.md and docs/formats.md', () => {
  it('are all found', () => {
    expect(EXAMPLES.flatMap(({ messages }) => messages.match(/^> /gm))).toHaveLength(
      TEXT.match(/^> /gm)!.length,
    );
  });

  it.each(EXAMPLES)('give what the page shows: $messages', async ({ rules, messages }) => {
    const directory = tempDirectory();
    const file = join(directory, 'sluice.yaml');
    writeFileSync(file, rules);
    writeFileSync(join(directory, 'devices.csv'), TABLE);
    const got: string[] = [];
    for (const [message, topic, payload] of messages.matchAll(/^> (\S+) (.*)$/gm)) {
      const sent = ['--topic', topic!, '--payload', payload!, '--received-at', RECEIVED_AT];
      const { stdout } = await runMain('explain', '-c', file, ...sent);
      got.push(message, ...outcomeOf(stdout));
    }
    expect(got.join('\n')).toBe(messages);
  });
});

/** The points, and why there are no others. */
function outcomeOf(explanation: string): string[] {
  return [...explanation.matchAll(/^(?:line +|(parked|filtered) +)(.*)$/gm)].map(([, kind, rest]) =>
    kind === undefined ? rest! : `${kind} ${rest}`,
  );
}
