import type { Logger } from '../lib/logger.js';
import { type OpenFileShares, openFilesLimit, shareOpenFiles } from '../lib/open-files.js';
import type { GatewayOptions } from './gateway-options.js';

/**
 * How many connections this process accepts within its limit of open files; warns once when the configuration wants more.
 * Absent where the platform does not report the limit.
 */
export function openFileLimits(
  { broker, role, http, forward, consume }: GatewayOptions,
  logger: Logger,
  limit = openFilesLimit(),
): OpenFileShares | undefined {
  if (limit === undefined) return undefined;
  const shares = shareOpenFiles(limit, {
    mqttConnections: role === 'consume' ? 0 : broker.maxConnections * broker.listeners.length,
    hasHttp: http !== undefined,
    hasKinesis: forward !== undefined || consume.kinesis !== undefined,
  });
  const { mqttConnections, needed } = shares;
  if (limit < needed && role !== 'consume') {
    logger.warn(
      { code: 'OPEN_FILES_LOW', limit, needed, mqttConnections },
      'the limit of open files is lower than broker.maxConnections needs: fewer connections are accepted',
    );
  }
  return shares;
}
