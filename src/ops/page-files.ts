import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SluiceError } from '../errors.js';
import { dependencyFolder, packageRoot } from '../package-root.js';

export interface PageFile {
  readonly contentType: string;
  readonly etag: string;
  readonly body: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const UPLOT_FILES: Readonly<Record<string, string>> = {
  'uplot.js': 'uPlot.esm.js',
  'uplot.css': 'uPlot.min.css',
};

/**
 * The live page, by name. Read once at the start into a closed list: a request can name one of these files
 * and nothing else, so no path from outside ever reaches the file system.
 */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  try {
    const files = new Map<string, PageFile>();
    const pageFolder = join(packageRoot(), 'src/ops/page');
    for (const name of await readdir(pageFolder)) {
      if (extname(name) in CONTENT_TYPES) files.set(name, await readPageFile(name, join(pageFolder, name)));
    }
    const uplotFolder = dependencyFolder('uplot');
    for (const [name, source] of Object.entries(UPLOT_FILES)) {
      files.set(name, await readPageFile(name, join(uplotFolder, source)));
    }
    return files;
  } catch (cause) {
    const reason = 'The files of the live page cannot be read; install Sluice again.';
    throw new SluiceError('LISTENER_FAILED', reason, { cause });
  }
}

async function readPageFile(name: string, path: string): Promise<PageFile> {
  const body = await readFile(path);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream', etag, body };
}
