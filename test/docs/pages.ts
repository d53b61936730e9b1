import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every page of documentation, in docs/ and at the root. */
export function pages(): Page[] {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  const paths = [...readdirSync(ROOT), ...inDocs.map((file) => join('docs', file))];
  return paths.filter((path) => path.endsWith('.md')).map(page);
}

export function page(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** Cells of the table that follows `heading`, without its head. Throws where there is none. */
export function tableBelow({ path, text }: Page, heading: string): string[][] {
  const section = text.split(`\n${heading}\n`)[1]?.split(/\n#+ /)[0];
  const rows = section?.match(/^\|.*\|$/gm) ?? [];
  if (rows.length < 3) throw new Error(`${path} has no table below ${heading}`);
  return rows.slice(2).map(cells);
}

export function cells(row: string): string[] {
  return row
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim());
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');
}
