import { openConfig } from '../config/load-config.js';
import { createLogger } from '../lib/logger.js';
import { StopSignals } from '../lib/stop-signals.js';
import type { StartOptions } from './options.js';
import { ReloadSignal } from './reload-signal.js';

/** `sluice start`: runs the gateway until a signal. Resolves with the exit code. */
export async function start(options: StartOptions): Promise<number> {
  const stop = new StopSignals();
  const reload = new ReloadSignal(() => stop.stop('SIGHUP'));
  const loaded = await openConfig(options.config);
  const { config } = loaded;
  const logger = createLogger(config.log);
  const { kinesis } = config.stream;
  // Imported only now: the loader opens all modules of a graph at once, and a process may have few files.
  const { reportStartFailure, runGateway } = await import('./run-gateway.js');
  try {
    return await runGateway(loaded, { logger, role: options.role, stop, reload }, ({ mqttUrls, httpUrl }) => {
      logger.info(
        {
          ...(kinesis === undefined ? {} : { role: options.role, stream: kinesis.name }),
          mqtt: mqttUrls,
          http: httpUrl,
          ...(options.role === 'ingest' ? {} : { store: config.sink.kind }),
          data: config.dataDirectory,
        },
        'ready',
      );
    });
  } catch (thrown) {
    return reportStartFailure(logger, thrown);
  }
}
