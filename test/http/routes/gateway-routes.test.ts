import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpApp } from '../../../src/http/http-app.js';
import { SluiceError } from '../../../src/lib/errors.js';
import { DEFAULT_CARDINALITY } from '../../../src/rules/policies/policy-options.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';

let view: FakeGatewayView;
let app: FastifyInstance;
beforeEach(() => {
  view = new FakeGatewayView();
  app = createHttpApp({
    host: '127.0.0.1',
    view,
    clock: { nowNs: () => 0n, monotonicMs: () => 0 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: null,
    changes: 'loopback',
    requestTimeoutMs: 10_000,
  });
});
afterEach(() => app.close());

const post = (payload: object = {}) => app.inject({ method: 'POST', url: '/api/reload', payload });

describe('POST /api/reload', () => {
  it('answers with what was changed', async () => {
    const answer = await post();
    expect([answer.statusCode, answer.json()]).toEqual([200, view.reloadResult]);
    expect(view.reloadsAsked).toBe(1);
  });

  it('answers an invalid configuration with 422 and its problems', async () => {
    const problems = [
      { file: 'sluice.yaml', line: 12, key: 'rules[0].topic', got: '"a/#/b"', expected: 'a filter' },
    ];
    view.reloadResult = { outcome: 'invalid', file: 'sluice.yaml', code: 'CONFIG_INVALID', problems };
    const answer = await post();
    expect([answer.statusCode, answer.json()]).toEqual([
      422,
      {
        code: 'CONFIG_INVALID',
        reason: 'The new configuration is not valid; the gateway goes on with the old one.',
        file: 'sluice.yaml',
        problems,
      },
    ]);
  });

  it.each([
    ['RELOAD_BUSY', 409],
    ['RELOAD_FAILED', 503],
  ] as const)('answers %s with %i and the reason', async (code, status) => {
    view.reloadFailure = new SluiceError(code, 'because of this');
    const answer = await post();
    expect([answer.statusCode, answer.json()]).toEqual([status, { code, reason: 'because of this' }]);
  });

  it('takes no parameters', async () => {
    const answer = await post({ file: '/etc/passwd' });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'QUERY_INVALID']);
    expect(view.reloadsAsked).toBe(0);
  });
});

describe('GET /api/budgets', () => {
  const get = () => app.inject({ url: '/api/budgets' });

  it('answers with the use, the limits and the measurements', async () => {
    const limits = DEFAULT_CARDINALITY;
    const measurements = [
      {
        measurement: 'm',
        series: 7,
        fields: 2,
        tags: [{ tag: 'id', values: 7 }],
        clients: [{ client: 'c', series: 7 }],
        fieldClients: [{ client: 'c', fields: 2 }],
        fullest: { budget: 'client-series' as const, name: 'c', used: 7, limit: 50_000 },
      },
    ];
    const ratios = { series: 0.1, 'tag-values': 0.2, fields: 0.3, 'client-series': 0.4, 'client-fields': 0 };
    view.budgetUse = { ratios, limits, measurements };
    const answer = await get();
    expect([answer.statusCode, answer.json()]).toEqual([200, { ratios, limits, measurements }]);
  });

  it('answers with null for the limits where nothing is limited', async () => {
    const ratios = { series: 0, 'tag-values': 0, fields: 0, 'client-series': 0, 'client-fields': 0 };
    view.budgetUse = { ratios, limits: undefined, measurements: [] };
    expect((await get()).json()).toEqual({ ratios, limits: null, measurements: [] });
  });

  it('answers with nothing in a process that has no consumer', async () => {
    const answer = await get();
    expect([answer.statusCode, answer.json()]).toEqual([200, { ratios: {}, limits: null, measurements: [] }]);
  });
});
