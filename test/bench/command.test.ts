import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { benchCommand, parseBench } from '../../bench/command.js';

describe('the option --against of the bench', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-bench-against-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const parse = () => {
    let printed = '';
    const command = benchCommand().configureOutput({ writeErr: (text) => (printed += text) });
    try {
      return { options: parseBench(command, ['ack', '--against', folder]), printed };
    } catch {
      return { options: undefined, printed };
    }
  };

  it('takes a built checkout, by its launcher', () => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'sluice.js'), '');
    mkdirSync(join(folder, 'dist'));
    expect(parse().options?.against).toBe(join(folder, 'bin', 'sluice.js'));
  });

  it('says what is missing, before anything is measured', () => {
    expect(parse()).toMatchObject({
      options: undefined,
      printed: expect.stringContaining(`There is no ${join(folder, 'bin', 'sluice.js')}.`),
    });
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'sluice.js'), '');
    expect(parse().printed).toContain(`It is not built: run "npm ci && npm run build" in ${folder}.`);
  });
});
