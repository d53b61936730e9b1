import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAccess } from '../../../src/config/access/load-access-file.js';
import { takeOneLineUsers, withOneLineUsers } from '../../../src/config/access/one-line-users.js';
import { formatProblem } from '../../../src/config/problem.js';
import { readPlainYaml } from '../../../src/config/read-yaml.js';

const OPTIONS = { maxCharacters: 1_048_576, maxNodes: 50_000, keepsNull: false };
const HASH = `sha256:${'a'.repeat(43)}`;

/** Both ways to read a text; `quick` is undefined when it must be read as a whole. */
function bothWays(text: string) {
  const whole = readPlainYaml(text, 'access.yaml', OPTIONS);
  const taken = takeOneLineUsers(text, 0);
  const quick = taken && withOneLineUsers(readPlainYaml(taken.rest, 'access.yaml', OPTIONS), taken);
  return { whole, quick };
}

const USERS = [
  `  meter-1: { token: "${HASH}", roles: [device] }`,
  `  meter-2: { token: ${HASH}, roles: [ device, viewer ] }`,
  `  0017: { token: "${HASH}" }`,
  '  nodered: { password: "$scrypt$ln=15,r=8", roles: [device] }',
  '  ada@example.com: { password: $scrypt$x, roles: [device] }   ',
  `  "quoted": { token: "${HASH}" }`,
  '  block:\n    token: x\n    roles:\n      - device',
  '  text: { token: |\n    x }',
  "  long: { token: 'x\n   y: { token: z }' }",
  '  # meter-3: { token: "x" }',
  '',
  `    deeper: { token: "${HASH}" }`,
  '  null: { token: x }',
  '  odd: { token: x, roles: [true] }',
  '  more: { token: x, clientId: "{user}", disabled: true }',
  '  anchor: &a { token: x }',
  '  alias: *a',
  `  meter-1: { password: again }`,
  'roles: {}',
  '  crlf: { token: x }\r',
];

describe('users in one line', () => {
  it('are read as YAML reads them, with their lines, or not at all', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...USERS), { maxLength: 12 }), fc.boolean(), (lines, isLast) => {
        const users = ['users: # all', ...lines];
        const roles = ['roles:', '  device: {}'];
        const { whole, quick } = bothWays((isLast ? [...roles, ...users] : [...users, ...roles]).join('\n'));
        fc.pre(quick !== undefined && whole.problems.length === 0);
        if (quick === undefined) return;
        expect(quick.problems).toEqual([]);
        expect(quick.value).toEqual(whole.value);
        const { users: all } = whole.value as { users: object };
        for (const name of Object.keys(all)) {
          expect(quick.locationOf(['users', name])).toEqual(whole.locationOf(['users', name]));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('are taken from a large file, and their problems have the same lines', () => {
    const many = Array.from(
      { length: 2_000 },
      (_, index) => `  m${index}: { token: "${HASH}", roles: [device] }`,
    );
    const text = [
      'users:',
      ...many,
      '  odd: { token: "x", roles: [devce] }',
      'roles: { device: { publish: a } }',
      'rles: 1',
    ];
    expect(takeOneLineUsers(text.join('\n'))?.users.size).toBe(2_001);
    const parsed = parseAccess(text.join('\n'), '/access.yaml', 'access.yaml');
    expect(parsed.ok ? [] : parsed.problems.map(formatProblem)).toEqual([
      expect.stringContaining('access.yaml:2002:3: users.odd.token: got a value that is not shown'),
      expect.stringContaining('access.yaml:2002:3: users.odd.roles[0]: got "devce"'),
      expect.stringContaining('access.yaml:2004:1: rles: got an unknown key'),
    ]);
  });

  it('are left to YAML when a name is there twice, which is a problem', () => {
    const twice = `users:\n  a: { token: ${HASH} }\n  "a": {}\n`;
    expect(bothWays(twice).quick).toBeUndefined();
    expect(bothWays(`users:\n  a: { token: x }\n  a: { token: x }\n`).quick).toBeUndefined();
  });

  it('are not looked for in a small file', () => {
    expect(takeOneLineUsers(`users:\n  a: { token: ${HASH} }\n`)).toBeUndefined();
  });
});
