import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { FirstSteps } from '../../src/gateway/first-steps.js';

function configOf(yaml: string) {
  const parsed = parseConfig(yaml, 'sluice.yaml', process.cwd(), {});
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  return parsed.loaded.config;
}
const stepsOf = (yaml: string) => new FirstSteps().of(configOf(yaml), []);

it('has a sample of the built-in rule where there are no others', () => {
  expect(stepsOf('')).toEqual({
    listeners: [],
    rule: { name: 'default', topic: '#', isBuiltIn: true, measurement: 'telemetry' },
    sample: { topic: 'sensors/kitchen/telemetry', payload: '{ "temperature": 21.5, "humidity": 48 }' },
    store: 'duckdb',
  });
});

const COLD = `
  - name: cold
    topic: cold/+device/telemetry
    measurement: cold_rooms
    tags: { device: topic.device }
    fields: { temperature: { path: payload.t, type: float, range: [-30, 10] } }
`;

it('has a sample that the first rule takes, and leaves out rules that take none', () => {
  const steps = stepsOf(`rules:
  - { name: noise, topic: noise/#, where: "false", measurement: m, fields: auto }
  - { name: strict, topic: strict/+a, where: payload.t > 1000.0, measurement: m, fields: { t: payload.t } }
${COLD}`);
  expect(steps.rule).toEqual({
    name: 'cold',
    topic: 'cold/+device/telemetry',
    isBuiltIn: false,
    measurement: 'cold_rooms',
  });
  expect(steps.sample).toEqual({ topic: 'cold/device-1/telemetry', payload: '{ "t": -10 }' });
});

it('has no sample of a rule whose messages an earlier one takes', () => {
  const steps = stepsOf(`rules:
  - { name: all, topic: cold/#, measurement: all, fields: { t: { cel: payload.t + 1.0 } } }
${COLD}`);
  expect(steps.rule.name).toBe('all');
  expect(steps.sample).toBeUndefined();
});

it('has no sample where no rule takes one', () => {
  const steps = stepsOf(`rules:
  - { name: strict, topic: strict/+a, where: payload.t > 1000.0, measurement: m, fields: { t: payload.t } }`);
  expect(steps.sample).toBeUndefined();
  expect(steps.rule).toMatchObject({ name: 'strict', measurement: 'm' });
});

it('follows a reload, and the listeners that are open', () => {
  const steps = new FirstSteps();
  steps.of(configOf(''), []);
  const listeners = [{ protocol: 'mqtt', host: '0.0.0.0', port: 1883, more: 'x' }] as const;
  const next = steps.of(configOf(`rules:${COLD}`), listeners);
  expect(next.rule.name).toBe('cold');
  expect(next.listeners).toEqual([{ protocol: 'mqtt', host: '0.0.0.0', port: 1883 }]);
});
