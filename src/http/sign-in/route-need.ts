import type { FastifyContextConfig } from 'fastify';

/**
 * What a caller must have for a route. `nothing`: it gives and changes nothing that is worth a guard. `health`: it is
 * always answered, but details need `read`.
 */
export type RouteNeed = 'nothing' | 'health' | 'read' | 'change';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** By default GET and HEAD need `read`, and every other method `change`. */
    readonly needs?: RouteNeed;
    /** What the route changes, for the audit line. Every route that needs `change` has it. */
    readonly changes?: string;
  }
}

interface Route {
  readonly method: string;
  readonly config: FastifyContextConfig;
}

/** A route that says nothing is guarded. */
export function needOf({ method, config }: Route): RouteNeed {
  return config.needs ?? (method === 'GET' || method === 'HEAD' ? 'read' : 'change');
}
