import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../harness/free-port.js';
import { findProgram, type RunningServer, runServer, serverDirectory } from '../../harness/server-process.js';

export interface PrometheusOptions {
  /** Content of the rule file. */
  readonly rules: object;
  /** `host:port` of what is scraped as the job "sluice", once a second. */
  readonly targets: readonly string[];
}

export interface PrometheusAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Debian's Prometheus on 127.0.0.1, and what its API says. */
export class Prometheus {
  readonly #server: RunningServer;

  private constructor(server: RunningServer) {
    this.#server = server;
  }

  static async start({ rules, targets }: PrometheusOptions): Promise<Prometheus> {
    const directory = await serverDirectory('prometheus');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '500ms' },
      rule_files: ['alerts.yml'],
      scrape_configs: [{ job_name: 'sluice', static_configs: [{ targets }] }],
    };
    await writeFile(join(directory, 'prometheus.yml'), stringify(config));
    await writeFile(join(directory, 'alerts.yml'), stringify(rules));
    const server = await runServer({
      program: findProgram('prometheus')!,
      url,
      port,
      directory,
      args: [
        `--config.file=${join(directory, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      isReady: async () => (await fetch(`${url}/-/ready`)).ok,
    });
    return new Prometheus(server);
  }

  async alerts(): Promise<readonly PrometheusAlert[]> {
    return (await this.#ask<{ alerts: PrometheusAlert[] }>('/api/v1/alerts')).alerts;
  }

  /** What each target's last scrape came to. */
  async targets(): Promise<readonly { readonly health: string; readonly lastError: string }[]> {
    return (await this.#ask<{ activeTargets: { health: string; lastError: string }[] }>('/api/v1/targets'))
      .activeTargets;
  }

  metricNames(): Promise<readonly string[]> {
    return this.#ask('/api/v1/label/__name__/values');
  }

  /** What an expression gives now. */
  async series(expr: string): Promise<readonly PrometheusSeries[]> {
    const { result } = await this.#ask<{
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>(`/api/v1/query?query=${encodeURIComponent(expr)}`);
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async #ask<T>(path: string): Promise<T> {
    const answer = (await (await fetch(`${this.#server.url}${path}`)).json()) as { data: T; error?: string };
    if (answer.error !== undefined) throw new Error(`Prometheus: ${path}: ${answer.error}`);
    return answer.data;
  }
}
