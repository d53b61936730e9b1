import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { alertProvisioning } from '../../grafana/alerts.js';
import { dashboards } from '../../grafana/generate.js';

const GRAFANA = join(import.meta.dirname, '..', '..', 'grafana');
const HINT = 'run UPDATE_DASHBOARDS=1 npx vitest run test/grafana';
const alerting = `# Written by ${'UPDATE_DASHBOARDS=1 npx vitest run test/grafana'} from grafana/alerts.ts.\n${stringify(alertProvisioning(), { aliasDuplicateObjects: false })}`;
const files = new Map([
  ...[...dashboards()].map(
    ([name, json]) => [`dashboards/${name}`, `${JSON.stringify(json, null, 2)}\n`] as const,
  ),
  ['provisioning/alerting/sluice.yaml', alerting] as const,
]);

it.each([...files])('%s is as generated', (name, content) => {
  const file = join(GRAFANA, name);
  if (process.env.UPDATE_DASHBOARDS === '1') {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
  }
  expect(readFileSync(file, 'utf8'), HINT).toBe(content);
});

it('no dashboard is left over but those that a user made', () => {
  const others = readdirSync(join(GRAFANA, 'dashboards')).filter((name) => !dashboards().has(name));
  for (const name of others) {
    expect(readFileSync(join(GRAFANA, 'dashboards', name), 'utf8'), name).toContain(
      'Made by sluice dashboard',
    );
  }
});

it('the alert rules need no doubled dollar sign', () => {
  expect(alerting).not.toContain('$');
});
