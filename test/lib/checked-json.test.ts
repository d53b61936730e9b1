import { expect, it } from 'vitest';
import { checkedJson, parseCheckedJson } from '../../src/lib/checked-json.js';
import { damages } from '../support/damages.js';

const content = { id: 'a1', counts: { 'rule-none': 3 }, names: ['x', 'y'], at: '2026-01-31T00:00:00Z' };

it('gives back what was written', () => {
  expect(parseCheckedJson('key', checkedJson('key', content))).toMatchObject({ kind: 'good', content });
});

it('takes no truncation and no flipped bit for other content', () => {
  let damaged = 0;
  for (const bytes of damages(Buffer.from(checkedJson('key', content)))) {
    const parsed = parseCheckedJson('key', bytes.toString('utf8'));
    if (parsed.kind === 'good') expect(parsed.content).toEqual(content);
    else damaged += 1;
  }
  expect(damaged).toBeGreaterThan(500);
});

it.each(['', ' \n', 'null', '[]', '{}', '"text"', '{"crc32":1}', '{"crc32":"x","key":1}', '{"key":1}'])(
  'calls %j damaged',
  (text) => {
    expect(parseCheckedJson('key', text).kind).toBe('damaged');
  },
);
