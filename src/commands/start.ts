import { loadConfig } from '../config/load-config.js';
import { createLogger } from '../logger.js';
import type { ConfigOptions } from './options.js';
import { reportStartFailure, runGateway } from './run-gateway.js';

/** `sluice start`: runs the gateway until a signal. Resolves with the exit code. */
export async function start(options: ConfigOptions): Promise<number> {
  const config = await loadConfig(options.config);
  const logger = createLogger(config.log);
  try {
    return await runGateway(config, logger, ({ mqttUrls, httpUrl }) => {
      logger.info(
        { mqtt: mqttUrls, http: httpUrl, store: config.sink.kind, data: config.dataDirectory },
        'ready',
      );
    });
  } catch (thrown) {
    return reportStartFailure(logger, thrown);
  }
}
