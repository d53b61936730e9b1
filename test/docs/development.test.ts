import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { page, ROOT, tableBelow } from './pages.js';

const doc = page('docs/development.md');

describe('docs/development.md', () => {
  it('has a sentence for every room of src, and for no other', () => {
    const rows = tableBelow(doc, '## Where things are');
    const rooms = readdirSync(join(ROOT, 'src')).map((name) => name.replace(/\.ts$/, ''));
    expect(rows.map(([room]) => room!.replaceAll('`', '')).sort()).toEqual(rooms.sort());
    for (const [room, sentence] of rows) expect(sentence, room).toMatch(/^[A-Z].+\.$/);
  });

  it('lists the rooms that test/architecture.test.ts knows', () => {
    const architecture = readFileSync(join(ROOT, 'test/architecture.test.ts'), 'utf8');
    const [, table] = /const ROOMS[^{]*\{\n([\s\S]*?)\n\};/.exec(architecture)!;
    const known = [...table!.matchAll(/^ {2}'?([\w-]+)'?: \[/gm)].map(([, room]) => room!);
    const listed = tableBelow(doc, '## Where things are').map(([room]) => room!.replaceAll('`', ''));
    expect(listed.sort()).toEqual(known.sort());
  });

  it.each(['docs/development.md', 'CONTRIBUTING.md'])('%s names files and scripts that exist', (path) => {
    const { text } = page(path);
    const files = [...text.matchAll(/`((?:src|test|simulators|docs|grafana|bench|bin|\.ci)\/[\w./-]+)`/g)];
    expect(files.map(([, file]) => file!).filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script!);
    expect(run.filter((script) => scripts[script] === undefined)).toEqual([]);
  });
});
