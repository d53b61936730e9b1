import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package-root.js';
import { MAX_SCREENSHOT_BYTES, makeScreenshots, SCREENSHOTS } from './make-screenshots.js';

const FOLDER = join(packageRoot(), 'docs', 'images');
const PNG_BEGINS = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

describe('docs/images', () => {
  it.runIf(process.env.UPDATE_SCREENSHOTS === '1')(
    'is made from a gateway with a simulated fleet',
    () => makeScreenshots(FOLDER),
    600_000,
  );

  it('has every picture of the live page and no other (npm run screenshots makes them)', () => {
    const pictures = readdirSync(FOLDER).filter((name) => name.endsWith('.png'));
    expect(pictures.sort()).toEqual(Object.keys(SCREENSHOTS).sort());
  });

  it.each(Object.keys(SCREENSHOTS))('holds %s as a PNG that is small enough for a page of docs', (name) => {
    const picture = readFileSync(join(FOLDER, name));
    expect(picture.subarray(0, 8)).toEqual(PNG_BEGINS);
    expect(picture.length).toBeLessThanOrEqual(MAX_SCREENSHOT_BYTES);
  });

  it('is shown and described by docs/live-page.md', () => {
    const doc = readFileSync(join(packageRoot(), 'docs', 'live-page.md'), 'utf8');
    for (const [name, what] of Object.entries(SCREENSHOTS)) {
      expect(doc.toLowerCase()).toContain(`![${what.toLowerCase()}](images/${name})`);
    }
  });
});
