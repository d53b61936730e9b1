import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { composeSchema } from './compose-schema.js';

const compose = readFileSync(join(packageRoot(), 'docker-compose.yml'), 'utf8');
const { services } = composeSchema.parse(parse(compose, { merge: true }));
const folder = join(packageRoot(), 'deploy', 'sluice');

describe.each(readdirSync(folder))('deploy/sluice/%s', (name) => {
  const file = join(folder, name);

  beforeEach(() => {
    for (const key of ['INFLUX_ORG', 'INFLUX_BUCKET', 'INFLUX_TOKEN', 'INFLUX1_PASSWORD'])
      vi.stubEnv(key, 'set');
    return () => vi.unstubAllEnvs();
  });

  it('is right, and keeps everything in the volume', async () => {
    const config = await loadConfig(file);
    expect(config.dataDirectory).toBe('/var/lib/sluice');
    expect(config.sink.kind).toBe(['default.yaml', 'embedded.yaml'].includes(name) ? 'duckdb' : 'influx');
  });

  it('fills the dashboards for InfluxDB, under the name of the service that runs it', async () => {
    const { metrics } = await loadConfig(file);
    if (name === 'default.yaml') {
      expect(metrics.store).toBeUndefined();
      return;
    }
    expect(metrics.store).toMatchObject({ measurement: 'sluice' });
    const mount = `./deploy/sluice/${name}:/etc/sluice/sluice.yaml:ro`;
    expect(services[metrics.instance]?.volumes).toContain(mount);
  });

  it('listens on the ports that the image exposes, where they can be published', async () => {
    const { broker, http } = await loadConfig(file);
    const listeners = broker.listeners.map(({ protocol, host, port }) => `${protocol} ${host} ${port}`);
    expect(listeners).toEqual(['mqtt 0.0.0.0 1883', 'ws 0.0.0.0 8083']);
    expect(http).toMatchObject({ host: '0.0.0.0', port: 8080 });
    expect(readFileSync(file, 'utf8')).toContain('publish the ports on 127.0.0.1 of the host only');
  });
});
