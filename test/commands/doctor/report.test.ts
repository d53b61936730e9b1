import { expect, test } from 'vitest';
import { fail, ok, warn } from '../../../src/commands/doctor/check-result.js';
import { checkText, reportJson, summaryText } from '../../../src/commands/doctor/report.js';

test('a sign in words, the finding, and the advice below it', () => {
  expect(checkText(ok('disk', 'fast'))).toBe('ok    disk            fast\n');
  expect(checkText(fail('disk', 'broken', 'take another'))).toBe(
    'FAIL  disk            broken\n                      -> take another\n',
  );
});

test('what a store says cannot move the cursor', () => {
  expect(checkText(ok('store', 'a\u001b[2Jb\nFAIL'))).toBe('ok    store           a\\u001b[2Jb\\nFAIL\n');
});

test('the summary counts', () => {
  const results = [ok('a', ''), warn('b', '', 'x')];
  expect(summaryText(results.slice(0, 1))).toBe('1 checks: all is well\n');
  expect(summaryText(results)).toBe('2 checks: none failed, 1 to look at\n');
  expect(summaryText([...results, fail('c', '', 'y')])).toBe('3 checks: 1 failed, 1 to look at\n');
  expect(JSON.parse(reportJson([...results, fail('c', '', 'y')]))).toMatchObject({ ok: false });
});
