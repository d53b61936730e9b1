import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import {
  dependencyFolder,
  packageRoot,
  sluiceCommand,
  withSluiceCommands,
} from '../../src/lib/package-root.js';
import { tempDirectory } from '../support/temp-directory.js';

it('finds the folder of package.json from src and from dist/src', () => {
  const root = tempDirectory();
  writeFileSync(join(root, 'package.json'), '{}');
  for (const folder of ['src/http', 'dist/src/http']) {
    mkdirSync(join(root, folder), { recursive: true });
    expect(packageRoot(pathToFileURL(join(root, folder, 'package-root.js')).href)).toBe(root);
  }
});

it('finds the files of the page and of uPlot from here', () => {
  expect(existsSync(join(packageRoot(), 'src/web/index.html'))).toBe(true);
  expect(existsSync(join(dependencyFolder('uplot'), 'uPlot.esm.js'))).toBe(true);
});

it('names commands as they are typed in a clone of the repository', () => {
  expect(sluiceCommand('check')).toBe('npx sluice check');
  expect(withSluiceCommands('try `sluice check` or `sluice doctor`; sluice stays')).toBe(
    'try `npx sluice check` or `npx sluice doctor`; sluice stays',
  );
});
