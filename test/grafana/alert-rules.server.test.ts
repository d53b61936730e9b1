import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type AlertRule, alertName, runbookOf } from '../../grafana/alerts/alert-rule.js';
import { ALERTS } from '../../grafana/alerts/alerts.js';
import { panelLink } from '../../grafana/alerts/panel-link.js';
import { findProgram, serverDirectory } from '../../harness/server-process.js';
import { requireServer } from '../../harness/servers.js';
import { EVERYDAY_REFUSALS } from '../../src/broker/refusals.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { ALERT_CASES, type Series } from './alert-cases.js';

const read = (file: string) => readFileSync(join(packageRoot(), file), 'utf8');
const RULES = 'deploy/prometheus/alerts.yml';
const TARGET = 'job="sluice",instance="g:1"';

describe.each(ALERTS)('$title', (rule) => {
  it('has a section in docs/runbook.md that its runbook leads to', () => {
    const headings = [...read('docs/runbook.md').matchAll(/^### (.+)$/gm)].map((match) => match[1]!);
    const anchors = headings.map((heading) => heading.toLowerCase().replaceAll(' ', '-'));
    expect(anchors).toContain(runbookOf(rule).split('#')[1]);
  });

  it('links to a panel, names the instance and explains the cause', () => {
    expect(panelLink(rule).panelId).toBeGreaterThan(0);
    expect(rule.summary).toContain('{instance}');
    expect(rule.description.length).toBeGreaterThan(40);
  });

  it('uses default metrics of Node that are exported', () => {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    for (const [name] of rule.expr.matchAll(/\b(nodejs|process)_\w+/g)) {
      expect(registry.getSingleMetric(name), name).toBeDefined();
    }
  });
});

it('uids and titles are unique, and every alert has its cases', () => {
  for (const key of ['uid', 'title'] as const) {
    expect(new Set(ALERTS.map((rule) => rule[key])).size).toBe(ALERTS.length);
  }
  expect(Object.keys(ALERT_CASES).sort()).toEqual(ALERTS.map(({ uid }) => uid).sort());
});

it('Clients refused excludes the reasons that every fleet has, and no others', () => {
  const { expr } = ALERTS.find(({ uid }) => uid === 'sluice-clients-refused')!;
  expect(/reason!~"([^"]*)"/.exec(expr)?.[1]?.split('|')).toEqual(EVERYDAY_REFUSALS);
});

it('docs/dashboards.md lists every alert', () => {
  const rows = read('docs/dashboards.md').match(/^\| \[[^\]]+\]\(runbook\.md#[^)]+\) \|/gm);
  expect(rows).toEqual(ALERTS.map((rule) => `| [${rule.title}](${runbookOf(rule).slice('docs/'.length)}) |`));
});

it('Prometheus reads the rules where Compose mounts them', () => {
  const config = parse(read('deploy/prometheus/prometheus.yml')) as { rule_files: string[] };
  expect(config.rule_files).toEqual(['alerts.yml']);
  const compose = parse(read('docker-compose.yml'), { merge: true }) as {
    services: { prometheus: { volumes: string[] } };
  };
  expect(compose.services.prometheus.volumes).toEqual(
    expect.arrayContaining([
      './deploy/prometheus/prometheus.yml:/etc/prometheus/prometheus.yml:ro',
      './deploy/prometheus/alerts.yml:/etc/prometheus/alerts.yml:ro',
    ]),
  );
});

describe.skipIf(!requireServer('promtool'))('promtool', () => {
  let directory: string;
  let promtool: string;

  beforeAll(async () => {
    promtool = findProgram('promtool')!;
    directory = await serverDirectory('promtool');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('accepts the configuration of Prometheus with the rules that it names', () => {
    const config = join(packageRoot(), 'deploy/prometheus/prometheus.yml');
    const output = execFileSync(promtool, ['check', 'config', config], { encoding: 'utf8', stdio: 'pipe' });
    expect(output).toContain(`${ALERTS.length} rules found`);
  });

  it.each(ALERTS)('$title fires when it should, and not before', (rule) => {
    const { series, trueAtMinute } = ALERT_CASES[rule.uid]!.fires;
    const forMinutes = minutesOf(rule.for);
    test(`${rule.uid}-fires`, series, [
      // Two: a window reaches a sample further back in Prometheus 2 than in 3.
      [firing(rule), trueAtMinute + forMinutes - 2, 0],
      [firing(rule), trueAtMinute + forMinutes, 1],
      [firing(rule), trueAtMinute + forMinutes + 2, 1],
    ]);
  });

  it.each(
    ALERTS.flatMap((rule) => ALERT_CASES[rule.uid]!.quiet.map(({ why, series }) => ({ rule, why, series }))),
  )('$rule.title does not fire: $why', ({ rule, why, series }) => {
    test(`${rule.uid}-${why.replaceAll(' ', '-')}`, series, [
      [`count_over_time(${firing(rule)}[1h])`, 40, 0],
    ]);
  });

  it('Silent fleet also fires when no device comes back after a restart', () => {
    const silent = ALERTS.find(({ uid }) => uid === 'sluice-silent-fleet')!;
    const restart: readonly Series[] = [
      [`sluice_broker_packets_accepted_total{${TARGET}}`, '0+60x10 0x30'],
      [`process_start_time_seconds{${TARGET}}`, '0x10 660x30'],
      [`sluice_ledger_records{fate="received",${TARGET}}`, '600x40'],
      [`up{${TARGET}}`, '1x40'],
    ];
    test('silent-after-restart', restart, [
      [firing(silent), 24, 0],
      [firing(silent), 29, 1],
    ]);
  });

  it.each([
    [undefined, 'docs/runbook.md#gateway-down'],
    ['https://git.example.com/sluice/', 'https://git.example.com/sluice/docs/runbook.md#gateway-down'],
  ])('with the external label sluice_docs %s the runbook is %s', (address, runbook) => {
    const folder = join(directory, `runbook-${address === undefined}`);
    mkdirSync(folder);
    const { rules } = (
      parse(read(RULES)) as { groups: [{ rules: { annotations: Record<string, string> }[] }] }
    ).groups[0];
    const { summary, ...annotations } = rules[0]!.annotations;
    writeFileSync(
      join(folder, 'test.yml'),
      stringify({
        rule_files: [join(packageRoot(), RULES)],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            external_labels: address === undefined ? {} : { sluice_docs: address },
            input_series: [{ series: `up{${TARGET}}`, values: '0x10' }],
            alert_rule_test: [
              {
                eval_time: '5m',
                alertname: 'SluiceGatewayDown',
                exp_alerts: [
                  {
                    exp_labels: { product: 'sluice', severity: 'critical', job: 'sluice', instance: 'g:1' },
                    exp_annotations: {
                      ...annotations,
                      summary: summary!.replace('{{ $labels.instance }}', 'g:1'),
                      runbook,
                    },
                  },
                ],
              },
            ],
          },
        ],
      }),
    );
    execFileSync(promtool, ['test', 'rules', join(folder, 'test.yml')], { encoding: 'utf8', stdio: 'pipe' });
  });

  it('detects an alert that fires when it should not', () => {
    const lag = ALERTS.find(({ uid }) => uid === 'sluice-lag')!;
    const { series } = ALERT_CASES[lag.uid]!.fires;
    expect(() => test('wrong', series, [[`count_over_time(${firing(lag)}[1h])`, 40, 0]])).toThrow();
  });

  /** Each check: an expression, at which minute, and how many series it gives. */
  function test(
    name: string,
    series: readonly Series[],
    checks: readonly (readonly [expr: string, minute: number, count: number])[],
  ): void {
    const folder = join(directory, name);
    mkdirSync(folder);
    const file = join(folder, 'test.yml');
    writeFileSync(
      file,
      stringify({
        rule_files: [join(packageRoot(), RULES)],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: series.map(([name, values]) => ({ series: name, values })),
            promql_expr_test: checks.map(([expr, minute, count]) => ({
              expr: `count(${expr})`,
              eval_time: `${minute}m`,
              exp_samples: count === 0 ? [] : [{ labels: '{}', value: count }],
            })),
          },
        ],
      }),
    );
    try {
      execFileSync(promtool, ['test', 'rules', file], { encoding: 'utf8', stdio: 'pipe' });
    } catch (thrown) {
      const { stdout, stderr } = thrown as { stdout: string; stderr: string };
      throw new Error(`${stdout}${stderr}`);
    }
  }
});

function firing(rule: AlertRule): string {
  return `ALERTS{alertname="${alertName(rule)}",alertstate="firing"}`;
}

function minutesOf(text: string): number {
  const [, count, unit] = /^(\d+)(s|m)$/.exec(text)!;
  return unit === 'm' ? Number(count) : Number(count) / 60;
}
