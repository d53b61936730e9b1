import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anchorOf, type Page, page, pages, ROOT } from './pages.js';

const all = pages();

describe.each(all)('$path', ({ path, text }) => {
  it('links to files and headings that exist', () => {
    const wrong = [...withoutCode(text).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)/g)]
      .filter(([, file, anchor]) => !leadsSomewhere(path, file!, anchor))
      .map(([link]) => link);
    expect(wrong).toEqual([]);
  });
});

describe('pages named in texts', () => {
  it('exist', () => {
    const wrong = all.flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[a-z-]+(?:\/[\w-]+)?\.md\b/g)]
        .filter(([named]) => !existsSync(join(ROOT, named)))
        .map(([named]) => `${path}: ${named}`),
    );
    expect(wrong).toEqual([]);
  });
});

it('every page of docs can be reached from the README', () => {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path) || !existsSync(join(ROOT, path))) return;
    reached.add(path);
    if (!path.endsWith('.md')) return;
    const links = page(path).text.matchAll(/\]\((?!https?:)([^)#\s]+)(?:#[^)\s]*)?\)/g);
    for (const [, file] of links) visit(normalize(join(dirname(path), file!)));
  };
  visit('README.md');
  expect(all.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

function leadsSomewhere(from: string, file: string, anchor: string | undefined): boolean {
  const target = file === '' ? from : normalize(join(dirname(from), file));
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || !target.endsWith('.md') || headings(page(target)).includes(anchor);
}

function headings({ text }: Page): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));
}

/** Comments in shell examples look like headings. */
function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '');
}
