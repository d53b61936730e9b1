import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runMain } from '../commands/run-main.js';
import { tempDirectory } from '../support/temp-directory.js';
import { page } from './pages.js';

/** Rules, and below them messages (`> topic payload`) with what becomes of each. */
const EXAMPLE = /```yaml\n(rules:\n(?:(?!```).)*)```\n\n```\n(> (?:(?!```).)*)```/gs;

/** Pages that do not say when a message came mean this time. */
const RECEIVED_AT = '2026-03-08T20:05:12Z';

describe.each([
  { path: 'docs/rules.md', file: 'devices.csv', content: /```csv\n(.*?)```/s },
  { path: 'docs/formats.md', file: 'decoder.js', content: /```js\n(.*?)```/s },
  { path: 'docs/profiles.md', file: 'plant.yaml', content: /```yaml\n(name: plant\n.*?)```/s },
])('the examples of $path', ({ path, file, content }) => {
  const { text } = page(path);
  const receivedAt = /came at (\S+Z)/.exec(text)?.[1] ?? RECEIVED_AT;
  const examples = [...text.matchAll(EXAMPLE)].map(([, rules, messages]) => ({
    rules: rules!,
    messages: messages!.trimEnd(),
  }));

  it('are all found', () => {
    expect(examples.flatMap(({ messages }) => messages.match(/^> /gm))).toHaveLength(
      text.match(/^> /gm)!.length,
    );
  });

  it.each(examples)('give what the page shows: $messages', async ({ rules, messages }) => {
    const directory = tempDirectory();
    const config = join(directory, 'sluice.yaml');
    writeFileSync(config, rules);
    writeFileSync(join(directory, file), content.exec(text)?.[1] ?? '');
    const got: string[] = [];
    for (const [message, topic, payload] of messages.matchAll(/^> (\S+) (.*)$/gm)) {
      const sent = ['--topic', topic!, '--payload', payload!, '--received-at', receivedAt];
      const { stdout } = await runMain('explain', '-c', config, ...sent);
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
