import { createHash } from 'node:crypto';
import { extname, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError } from '../../lib/errors.js';
import { readdir, readFile } from '../../lib/files.js';
import { dependencyFolder, packageRoot } from '../../lib/package-root.js';
import { sendError } from '../http-answers.js';

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

/** The views of the page (src/web/views.js): one document, which shows the view of its address. */
const VIEW_PATHS = ['/', '/devices', '/set-aside', '/pipeline'];

/** Serves the views and `/assets/<name>` from the closed list of page files. */
export function addPageRoutes(app: FastifyInstance, files: ReadonlyMap<string, PageFile>): void {
  for (const path of VIEW_PATHS) {
    app.get(path, (request, reply) => sendPageFile(request, reply, files.get('index.html')));
  }

  app.get<{ Params: { name: string } }>('/assets/:name', (request, reply) =>
    sendPageFile(request, reply, files.get(request.params.name)),
  );
}

function sendPageFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: PageFile | undefined,
): FastifyReply {
  if (file === undefined) return sendError(reply, 'NOT_FOUND', 'There is no such file.');
  // The browser asks again each time and gets a 304: after an upgrade it never shows files of the old page.
  reply.header('cache-control', 'no-cache').header('etag', file.etag);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  return reply.header('content-type', file.contentType).send(file.body);
}

/**
 * Reads the files of the live page, by name. They are read once at the start into a closed list. A request can name one
 * of them and nothing else, so no path from outside reaches the file system.
 */
export async function readPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  try {
    const files = new Map<string, PageFile>();
    const pageFolder = join(packageRoot(), 'src/web');
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
