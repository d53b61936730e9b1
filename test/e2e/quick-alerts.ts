import { type AlertRule, alertName } from '../../grafana/alerts/alert-rule.js';
import { ALERTS } from '../../grafana/alerts/alerts.js';
import { alertProvisioning } from '../../grafana/alerts/grafana-rules.js';
import type { Prometheus, PrometheusAlert } from '../support/prometheus.js';

const WITHIN_MS = 90_000;
const POLL_MS = 200;
/** Times of the rules are divided by this, and nothing else: 5 minutes are 5 seconds, [5m] is [10s]. */
const FOR_DIVISOR = 60;
const WINDOW_DIVISOR = 30;
/** Seconds that records may wait, of the rules that say 60. */
const WAIT_THRESHOLD = 1;
const WAITING = ['sluice-lag', 'sluice-oldest-unsent', 'sluice-poll-stalled'];

/** The alerts with everything that takes minutes shortened; expressions, labels and texts are those of the product. */
export const QUICK_ALERTS: readonly AlertRule[] = ALERTS.map((rule) => ({
  ...rule,
  expr: rule.expr
    .replaceAll(/\[(\d+[mh])\]/g, (_all, window: string) => `[${secondsOf(window) / WINDOW_DIVISOR}s]`)
    .replaceAll(
      /offset (\d+[mh])/g,
      (_all, offset: string) => `offset ${secondsOf(offset) / WINDOW_DIVISOR}s`,
    ),
  for: `${secondsOf(rule.for) / FOR_DIVISOR}s`,
  threshold: WAITING.includes(rule.uid) ? WAIT_THRESHOLD : rule.threshold,
}));

/** Query A and threshold B of a provisioned rule: what Grafana evaluates itself. */
const GRAFANA_RULES = new Map(
  (
    alertProvisioning(QUICK_ALERTS) as {
      groups: [
        {
          rules: {
            uid: string;
            data: [
              { model: { expr: string } },
              { model: { conditions: [{ evaluator: { params: [number] } }] } },
            ];
          }[];
        },
      ];
    }
  ).groups[0].rules.map(({ uid, data: [a, b] }) => [
    uid,
    { expr: a.model.expr, threshold: b.model.conditions[0].evaluator.params[0] },
  ]),
);

/** What one gateway's alerts do, seen by Prometheus. */
export class AlertWatch {
  readonly #prometheus: Prometheus;
  readonly #instance: string;
  readonly #seen: Map<string, PrometheusAlert>;

  /** `seen`: every alert that fired for anybody, by uid. */
  constructor(prometheus: Prometheus, instance: string, seen: Map<string, PrometheusAlert>) {
    this.#prometheus = prometheus;
    this.#instance = instance;
    this.#seen = seen;
  }

  /** Resolves when all of these fire at once, and each has been above its threshold as Grafana would see it. */
  async untilFiring(...uids: string[]): Promise<void> {
    const inGrafana = new Set<string>();
    await this.#until(`${uids.join(', ')} to fire`, async (alerts) => {
      for (const uid of uids) if (await this.#isAboveInGrafana(uid)) inGrafana.add(uid);
      const found = uids.map((uid) => [uid, alerts.find((alert) => nameOf(uid) === alert.labels.alertname)]);
      for (const [uid, alert] of found as [string, PrometheusAlert | undefined][]) {
        if (alert !== undefined) this.#seen.set(uid, alert);
      }
      return inGrafana.size === uids.length && found.every(([, alert]) => alert !== undefined);
    });
  }

  /** Resolves when none of these fires any more; without any, when nothing does. */
  async untilQuiet(...uids: string[]): Promise<void> {
    await this.#until(`${uids.join(', ') || 'everything'} to resolve`, (alerts) =>
      alerts.every(({ labels }) => uids.length > 0 && !uids.map(nameOf).includes(labels.alertname!)),
    );
  }

  /** Resolves when this one fires and nothing else does. */
  async untilOnly(uid: string): Promise<void> {
    await this.#until(`only ${uid} to fire`, (alerts) =>
      alerts.every(({ labels }) => labels.alertname === nameOf(uid)),
    );
  }

  /** Names of what fires now. */
  async firing(): Promise<string[]> {
    const alerts = await this.#prometheus.alerts();
    return alerts.filter((alert) => this.#isOurs(alert)).map(({ labels }) => labels.alertname!);
  }

  /** Polls until Prometheus has so many scrapes of the last minute. */
  async untilScraped(times: number): Promise<void> {
    const expr = `count_over_time(up{instance="${this.#instance}"}[1m])`;
    while (((await this.#prometheus.series(expr))[0]?.value ?? 0) < times) await pause();
  }

  async #isAboveInGrafana(uid: string): Promise<boolean> {
    const { expr, threshold } = GRAFANA_RULES.get(uid)!;
    const series = await this.#prometheus.series(expr);
    return series.some(({ labels, value }) => labels.instance === this.#instance && value > threshold);
  }

  async #until(
    what: string,
    isReached: (firing: readonly PrometheusAlert[]) => boolean | Promise<boolean>,
  ): Promise<void> {
    const deadlineMs = performance.now() + WITHIN_MS;
    for (;;) {
      const alerts = await this.#prometheus.alerts();
      if (await isReached(alerts.filter((alert) => this.#isOurs(alert)))) return;
      if (performance.now() > deadlineMs) {
        throw new Error(`waited in vain for ${what}; there is ${JSON.stringify(alerts, null, 1)}`);
      }
      await pause();
    }
  }

  #isOurs({ labels, state }: PrometheusAlert): boolean {
    return state === 'firing' && labels.instance === this.#instance;
  }
}

function nameOf(uid: string): string {
  return alertName({ uid });
}

function secondsOf(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text)!;
  return Number(count) * { s: 1, m: 60, h: 3600 }[unit as 's' | 'm' | 'h'];
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
