import { resolve } from 'node:path';
import type { GatewayDescription } from '../control/command-protocol.js';
import type { GatewayOptions } from './gateway-options.js';

/** Returns which gateway this process is, for commands that find it on a data directory. */
export function describeGateway(
  { broker, http, role }: GatewayOptions,
  file: string | undefined,
): GatewayDescription {
  return {
    processId: process.pid,
    file: file && resolve(file),
    listeners: [...(role === 'consume' ? [] : broker.listeners), ...(http === undefined ? [] : [http])].map(
      ({ host, port }) => ({ host, port }),
    ),
  };
}
