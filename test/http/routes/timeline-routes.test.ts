import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { historyAnswer, incidentsAnswer } from '../../../src/http/answer-schemas.js';
import { createHttpApp } from '../../../src/http/http-app.js';
import type { Incident } from '../../../src/timeline/incident.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';

let app: FastifyInstance;
let view: FakeGatewayView;
beforeEach(() => {
  view = new FakeGatewayView();
  app = createHttpApp({
    host: '127.0.0.1',
    view,
    clock: { nowNs: () => 0n, monotonicMs: () => 0 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: null,
    changes: 'never',
    requestTimeoutMs: 10_000,
  });
});
afterEach(() => app.close());

const INCIDENT: Incident = {
  id: '1-store',
  cause: 'store-no-answer',
  stage: 'sink',
  title: 'InfluxDB does not answer',
  level: 'slow',
  state: 'failing',
  fromMs: 1,
  waited: 2,
  lost: 0,
  tries: 3,
  nextTryMs: 4,
  detail: 'why',
  warnings: ['STORE_UNAVAILABLE'],
  events: [{ atMs: 1, text: 'why' }],
};

it('lists the incidents as the description says', async () => {
  view.incidentList = [INCIDENT];
  const { statusCode, body } = await app.inject({ url: '/api/incidents' });
  expect(statusCode).toBe(200);
  const answer: unknown = JSON.parse(body);
  expect(answer).toEqual({ incidents: [INCIDENT] });
  expect(incidentsAnswer.strict().parse(answer)).toEqual(answer);
});

it.each(['3m', '1h', '24h'] as const)('answers the history of %s as the description says', async (range) => {
  view.stageHistory = { range, stepMs: 1_000, fromMs: 5, rates: { broker: [1, 2] }, behindMs: [0, 7] };
  const { statusCode, body } = await app.inject({ url: `/api/history?range=${range}` });
  expect(statusCode).toBe(200);
  const answer: unknown = JSON.parse(body);
  expect(answer).toEqual(view.stageHistory);
  expect(historyAnswer.strict().parse(answer)).toEqual(answer);
});

it('answers three minutes when no range is asked for, and refuses any other', async () => {
  expect(JSON.parse((await app.inject({ url: '/api/history' })).body)).toMatchObject({ range: '3m' });
  for (const query of ['range=7d', 'range=3m&range=1h', 'from=1']) {
    const { statusCode, body } = await app.inject({ url: `/api/history?${query}` });
    expect(statusCode).toBe(400);
    expect(body).toContain('QUERY_INVALID');
  }
});
