import type { FastifyInstance } from 'fastify';

/** `GET /api/ledger` and so on, read from fastify's drawing of its tree: four characters a level. HEAD comes with GET. */
export function routesOf(app: FastifyInstance): string[] {
  const routes: string[] = [];
  const path: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match === null) continue;
    const [, indent = '', part = '', methods = ''] = match;
    path.splice(indent.length / 4, path.length, part);
    for (const method of methods.split(', ')) {
      if (method !== 'HEAD' && method !== '') routes.push(`${method} ${path.join('')}`);
    }
  }
  return routes;
}
