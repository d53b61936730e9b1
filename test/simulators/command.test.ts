import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { simulateCommand } from '../../simulators/command.js';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'simulators.md');

it('docs/simulators.md has exactly the options of the command, with their defaults and descriptions', () => {
  const expected = simulateCommand(() => 0).options.map(
    ({ flags, defaultValue, defaultValueDescription, description }) => {
      const shown = defaultValueDescription ?? defaultValue;
      return `| \`${flags}\` | ${shown === undefined ? '' : `\`${shown}\``} | ${description} |`;
    },
  );
  const rows = readFileSync(PAGE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `--'));
  expect(rows).toEqual(expected);
});
