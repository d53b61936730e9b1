// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import { expect, test } from 'vitest';
import { substitute } from '../../src/config/environment.js';

const environment = { HOST: 'store', EMPTY: '', ODD: 'a ${HOST} $& b' };

test.each([
  ['http://${HOST}:8086', 'http://store:8086'],
  ['${HOST}${HOST}', 'storestore'],
  ['${MISSING:-here}', 'here'],
  ['${EMPTY:-here}', 'here'],
  ['${HOST:-here}', 'store'],
  ['${MISSING:-}', ''],
  ['${MISSING:-http://x:1}', 'http://x:1'],
  ['$${HOST}', '${HOST}'],
  ['$$${HOST}', '$${HOST}'],
  ['costs 5$', 'costs 5$'],
  ['$HOST', '$HOST'],
  ['${EMPTY}', ''],
  // What a variable holds is not read again.
  ['${ODD}', 'a ${HOST} $& b'],
])('%s becomes %s', (written, text) => {
  const { problems, ...result } = substitute(written, environment);
  expect(problems).toEqual([]);
  expect(result.text).toBe(text);
});

test('an unset variable is a problem that names it', () => {
  const { problems } = substitute('a ${MISSING} b ${ALSO_MISSING}', environment);
  expect(problems.map(({ got }) => got)).toEqual([
    '${MISSING}, which is not set',
    '${ALSO_MISSING}, which is not set',
  ]);
});

test.each(['${}', '${1A}', '${a b}', '${HOST', '${HOST:default}', '${HOST-x}'])(
  '%s is refused',
  (written) => {
    expect(substitute(written, environment).problems).toHaveLength(1);
  },
);
