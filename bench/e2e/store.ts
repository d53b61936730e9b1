import type { GatewayProcessOptions } from '../../harness/gateway-process.js';
import type { RunningGateway } from '../processes/gateway.js';

/** A store that the end-to-end parts fill: made anew for each run. */
export interface Store {
  readonly name: string;
  /** The `sink` section of the gateway's configuration. */
  readonly sink: string;
  /** Of the store's own process, if it has one. */
  readonly pid?: number;
  /** Keys of `stream` and arguments of the gateway, where the store is another stream. */
  readonly gateway?: Pick<GatewayProcessOptions, 'stream' | 'args'>;
  /** Points in the store. The gateway has stopped by then; its files are still there. Absent: it keeps nothing. */
  count?(gateway: RunningGateway): Promise<number>;
  /** The sum of a field over all points of a measurement; 0 without one. As `count`. */
  sum?(gateway: RunningGateway, measurement: string, field: string): Promise<number>;
  stop(): Promise<void>;
}
