import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendError } from '../http-answers.js';
import { PAGE_ENCODINGS, type PageEncoding, type PageFile, type PageFiles } from '../page-files.js';

/** The views of the page (src/web/views.js): one document, which shows the view of its address. */
const VIEW_PATHS = ['/', '/devices', '/set-aside', '/pipeline'];
/** The browser asks again each time and gets a 304: after an upgrade it never shows the old page. */
const ASK_AGAIN = 'no-cache';
const KEEP = 'public, max-age=31536000, immutable';

/** Whether a route is one of this file: a view or a file of the page, which `/openapi.json` does not describe. */
export function isPageRoute(url: string): boolean {
  return VIEW_PATHS.includes(url) || url.startsWith('/assets/') || url.startsWith('/page/');
}

/** The files are the same for everybody: what they show is asked for by the page, with its sign-in. */
const PUBLIC = { config: { needs: 'nothing' } } as const;

/** Serves the views, and their files from the closed list at `/page/<version>/<name>` and `/assets/<name>`. */
export function addPageRoutes(app: FastifyInstance, { version, files }: PageFiles): void {
  for (const path of VIEW_PATHS) {
    app.get(path, PUBLIC, (request, reply) =>
      sendPageFile(request, reply, files.get('index.html'), ASK_AGAIN),
    );
  }

  app.get<{ Params: { name: string } }>('/assets/:name', PUBLIC, (request, reply) =>
    sendPageFile(request, reply, files.get(request.params.name), ASK_AGAIN),
  );

  // A page that was loaded before an upgrade asks for its own version. It gets the file of now and may not keep it.
  app.get<{ Params: { version: string; name: string } }>('/page/:version/:name', PUBLIC, (request, reply) => {
    const isOwn = request.params.version === version;
    return sendPageFile(request, reply, files.get(request.params.name), isOwn ? KEEP : ASK_AGAIN);
  });
}

async function sendPageFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: PageFile | undefined,
  cacheControl: string,
): Promise<FastifyReply> {
  if (file === undefined) return sendError(reply, 'NOT_FOUND', 'There is no such file.');
  reply.header('cache-control', cacheControl).header('etag', file.etag).header('vary', 'accept-encoding');
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.header('content-type', file.contentType);
  const encoding = acceptedEncoding(request.headers['accept-encoding']);
  if (encoding === undefined) return reply.send(file.body);
  return reply.header('content-encoding', encoding).send(await file.encoded(encoding));
}

/** The first of our encodings that the browser names without refusing it by `q=0` (RFC 9110, 12.5.3). */
function acceptedEncoding(header: string | string[] | undefined): PageEncoding | undefined {
  const accepted = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, quality]) => !/^q=0(?:\.0*)?$/.test(quality ?? ''))
    .map(([name]) => name);
  return PAGE_ENCODINGS.find((encoding) => accepted.includes(encoding));
}
