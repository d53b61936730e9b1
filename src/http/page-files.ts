import { createHash } from 'node:crypto';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { SluiceError } from '../lib/errors.js';
import { readdir, readFile } from '../lib/files.js';
import { dependencyFolder, packageRoot } from '../lib/package-root.js';

/** The encodings of the page's files, the best first. */
export const PAGE_ENCODINGS = ['br', 'gzip'] as const;
export type PageEncoding = (typeof PAGE_ENCODINGS)[number];

export interface PageFile {
  readonly contentType: string;
  readonly etag: string;
  readonly body: Buffer;
  /** The body in this encoding. It is made once, when it is first asked for, outside the main thread. */
  encoded(encoding: PageEncoding): Promise<Buffer>;
}

/** The files of the live page, by name, and the version in their addresses. */
export interface PageFiles {
  /** A hash of all files: `/page/<version>/<name>` never changes its content, so a browser keeps it. */
  readonly version: string;
  readonly files: ReadonlyMap<string, PageFile>;
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
/** Nearly as small as the best quality, in a thirtieth of its time. */
const BROTLI_QUALITY = 9;
const ENTRY = '    <script type="module" src="/assets/page.js"></script>\n';

const compress = {
  br: (body: Buffer) =>
    promisify(brotliCompress)(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    }),
  gzip: (body: Buffer) => promisify(gzip)(body),
} as const satisfies Record<PageEncoding, (body: Buffer) => Promise<Buffer>>;

/**
 * Reads the files of the live page. They are read once at the start into a closed list. A request can name one of them and
 * nothing else, so no path from outside reaches the file system.
 */
export async function readPageFiles(): Promise<PageFiles> {
  return pageFilesOf(await readPageBodies());
}

/** The files as they lie on disk, by name. */
export async function readPageBodies(): Promise<Map<string, Buffer>> {
  try {
    const bodies = new Map<string, Buffer>();
    const pageFolder = join(packageRoot(), 'src/web');
    for (const name of await readdir(pageFolder)) {
      if (extname(name) in CONTENT_TYPES) bodies.set(name, await readFile(join(pageFolder, name)));
    }
    const uplotFolder = dependencyFolder('uplot');
    for (const [name, source] of Object.entries(UPLOT_FILES)) {
      bodies.set(name, await readFile(join(uplotFolder, source)));
    }
    return bodies;
  } catch (cause) {
    const reason = 'The files of the live page cannot be read; install Sluice again.';
    throw new SluiceError('LISTENER_FAILED', reason, { cause });
  }
}

/** What is served of these files; one of them is the document, `index.html`. */
export function pageFilesOf(given: ReadonlyMap<string, Buffer>): PageFiles {
  const bodies = new Map(given);
  const all = createHash('sha256');
  for (const [name, body] of [...bodies].sort(([one], [other]) => (one < other ? -1 : 1))) {
    all.update(`${name} ${body.length}\n`).update(body);
  }
  const version = all.digest('base64url').slice(0, 12);
  const index = bodies.get('index.html');
  if (index !== undefined) {
    const modules = [...bodies.keys()].filter((name) => name.endsWith('.js') && name !== 'theme.js');
    bodies.set('index.html', Buffer.from(documentOf(index.toString('utf8'), modules, version)));
  }
  return { version, files: new Map([...bodies].map(([name, body]) => [name, pageFile(name, body)])) };
}

/**
 * The document with the version in the addresses of its files, and with a link to each module: a browser then loads all of
 * them at once instead of finding out by one file about the next.
 */
function documentOf(html: string, modules: readonly string[], version: string): string {
  const links = modules.map((name) => `    <link rel="modulepreload" href="/assets/${name}">\n`);
  return html
    .replace(ENTRY, `${links.join('')}${ENTRY}`)
    .replace(/ (href|src)="\/assets\/(?=[\w-]+\.(?:css|js)")/g, ` $1="/page/${version}/`);
}

function pageFile(name: string, body: Buffer): PageFile {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const encodedBodies = new Map<PageEncoding, Promise<Buffer>>();
  return {
    contentType: CONTENT_TYPES[extname(name)] ?? 'application/octet-stream',
    etag,
    body,
    encoded(encoding) {
      const encoded = encodedBodies.get(encoding) ?? compress[encoding](body);
      encodedBodies.set(encoding, encoded);
      return encoded;
    },
  };
}
