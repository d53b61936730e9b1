import type { FastifyInstance } from 'fastify';
import { countersAnswer, type LiveStateSource } from '../live-state.js';

/** The books, and the counters behind the rates. */
export function addBooksRoutes(app: FastifyInstance, source: LiveStateSource): void {
  app.get('/api/ledger', (_request, reply) => reply.send(source.view.ledger()));

  app.get('/api/counters', (_request, reply) => reply.send(countersAnswer(source)));
}
