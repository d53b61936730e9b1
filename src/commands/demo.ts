import { dirname, join, resolve } from 'node:path';
import { openConfig } from '../config/load-config.js';
import { createLogger } from '../lib/logger.js';
import { sluiceCommand } from '../lib/package-root.js';
import { StopSignals } from '../lib/stop-signals.js';
import { makeDemoDirectory, writeDemoConfig } from './demo-config.js';
import { DemoFleet } from './demo-fleet.js';
import { DEMO_STREAM, type DemoKinesis, startDemoKinesis } from './demo-kinesis.js';
import { demoStoryMs } from './demo-story.js';
import type { DemoOptions } from './options.js';
import { ReloadSignal } from './reload-signal.js';
import { type RunningGateway, reportStartFailure, runGateway } from './run-gateway.js';

/**
 * `sluice demo`: runs the whole path with embedded defaults: gateway, DuckDB, live page and a simulated fleet.
 * Resolves with the exit code.
 */
export async function demo(options: DemoOptions): Promise<number> {
  const stop = new StopSignals();
  const reload = new ReloadSignal(() => stop.stop('SIGHUP'));
  const directory = makeDemoDirectory(options);
  const localKinesis = join(directory, 'local-kinesis');
  const isThroughKinesis = options.stream === 'kinesis';
  const kinesis = isThroughKinesis ? await startDemoKinesis(localKinesis, stop.signal) : undefined;
  if (stop.signal.aborted) {
    await kinesis?.stop();
    return 0;
  }
  try {
    return await runDemo(options, writeDemoConfig(directory, options, kinesis), kinesis, { stop, reload });
  } finally {
    await kinesis?.stop();
  }
}

async function runDemo(
  options: DemoOptions,
  configFile: string,
  kinesis: DemoKinesis | undefined,
  signals: { readonly stop: StopSignals; readonly reload: ReloadSignal },
): Promise<number> {
  const loaded = await openConfig(configFile);
  const storyMs = await demoStoryMs(dirname(configFile), Date.now());
  const logger = createLogger({ ...loaded.config.log, level: 'warn' });
  let fleet: DemoFleet | undefined;
  try {
    return await runGateway(
      loaded,
      { logger, role: 'all', ...signals },
      (running) => {
        if (options.fleet) {
          fleet = new DemoFleet(running.mqttUrls[0]!, options, storyMs, (exitCode) =>
            logger.warn({ code: 'FLEET_ENDED', exitCode }, 'the simulated fleet has ended'),
          );
        }
        process.stdout.write(welcome(running, configFile, options, kinesis));
      },
      async () => {
        process.stdout.write('\nStopping…\n');
        await fleet?.stop();
      },
    );
  } catch (thrown) {
    return reportStartFailure(logger, thrown);
  } finally {
    fleet?.kill();
  }
}

function welcome(
  { mqttUrls, httpUrl }: RunningGateway,
  configFile: string,
  options: DemoOptions,
  kinesis: DemoKinesis | undefined,
): string {
  const port = mqttUrls[0]!.split(':').at(-1);
  return `
Sluice is running.

  live page   ${httpUrl}
  ledger      ${httpUrl}/api/ledger
  metrics     ${httpUrl}/metrics
  MQTT        ${mqttUrls.join('  ')}${kinesis === undefined ? '' : `\n  Kinesis     ${kinesis.endpoint}  (stream ${DEMO_STREAM})`}
  data        ${dirname(resolve(configFile))}/  (telemetry.duckdb, dead-letter/, log/)
  rules       ${configFile}
  fleet       ${options.fleet ? 'simulated cold rooms, weather stations and meters' : 'none (--no-fleet)'}

Send something yourself:
  mosquitto_pub -p ${port} -q 1 -t home/kitchen/telemetry -m '{"temperature": 21.5}'
Preview how the rules map it, and list what was parked:
  ${sluiceCommand(`explain -c ${configFile} --topic home/kitchen/telemetry --payload '{"temperature": 21.5}'`)}
  ${sluiceCommand(`dead-letters list -c ${configFile}`)}

Ctrl+C stops it. The stored data stays in the data directory.
`;
}
