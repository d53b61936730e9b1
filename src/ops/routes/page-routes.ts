import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendError } from '../http-answers.js';
import type { PageFile } from '../page-files.js';

/** `/` and `/assets/<name>` out of the closed list of page files. */
export function addPageRoutes(app: FastifyInstance, files: ReadonlyMap<string, PageFile>): void {
  app.get('/', (request, reply) => sendPageFile(request, reply, files.get('index.html')));

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
  // Asked for again each time and answered by 304: an upgraded gateway never meets the page of the old one.
  reply.header('cache-control', 'no-cache').header('etag', file.etag);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  return reply.header('content-type', file.contentType).send(file.body);
}
