import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ALERTS } from '../../grafana/alerts/alerts.js';
import { alertProvisioning } from '../../grafana/alerts/grafana-rules.js';
import { prometheusRules } from '../../grafana/alerts/prometheus-rules.js';
import { dashboards } from '../../grafana/generate.js';

const GRAFANA = join(import.meta.dirname, '..', '..', 'grafana');
const HINT = 'run UPDATE_DASHBOARDS=1 npx vitest run test/grafana';
/** Lines are not folded, because PromQL in one line is easier to search. */
const rules = (content: object) =>
  `# Written by UPDATE_DASHBOARDS=1 npx vitest run test/grafana from grafana/alerts.\n${stringify(content, { aliasDuplicateObjects: false, lineWidth: 0 })}`;
const alerting = rules(alertProvisioning(ALERTS));
const files = new Map([
  ...[...dashboards()].map(
    ([name, json]) => [`dashboards/${name}`, `${JSON.stringify(json, null, 2)}\n`] as const,
  ),
  ['provisioning/alerting/sluice.yaml', alerting] as const,
  ['../deploy/prometheus/alerts.yml', rules(prometheusRules(ALERTS))] as const,
]);

it.each([...files])('%s is as generated', (name, content) => {
  const file = join(GRAFANA, name);
  if (process.env.UPDATE_DASHBOARDS === '1') {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
  }
  expect(readFileSync(file, 'utf8'), HINT).toBe(content);
});

it('there are no other dashboards, except those of a user', () => {
  const others = readdirSync(join(GRAFANA, 'dashboards')).filter((name) => !dashboards().has(name));
  for (const name of others) {
    expect(readFileSync(join(GRAFANA, 'dashboards', name), 'utf8'), name).toContain(
      'Made by sluice dashboard',
    );
  }
});

it('Grafana finds no environment variable in its alert rules', () => {
  const { groups } = alertProvisioning(ALERTS) as { groups: { rules: Record<string, unknown>[] }[] };
  for (const { annotations, data, ...interpolated } of groups[0]!.rules) {
    expect(JSON.stringify(interpolated)).not.toContain('$');
    expect(JSON.stringify([annotations, data])).not.toMatch(/\$[{$]/);
  }
});
