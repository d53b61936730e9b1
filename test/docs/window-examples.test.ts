import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configOf } from '../config/parse.js';
import { page } from './pages.js';

const { text } = page('docs/windows.md');
const EXAMPLES = [...text.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!);

describe('the examples of docs/windows.md', () => {
  it('are all found', () => {
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(4);
  });

  it.each(EXAMPLES)('are valid: %s', (yaml) => {
    const written = parse(yaml) as { windows: { aggregates: readonly { name: string }[] } };
    const { windows } = configOf(yaml);
    expect(windows?.aggregates.map(({ name }) => name)).toEqual(
      written.windows.aggregates.map(({ name }) => name),
    );
  });
});
