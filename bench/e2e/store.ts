import type { RunningGateway } from '../processes/gateway.js';

/** A store that the end-to-end parts fill: made anew for each run. */
export interface Store {
  readonly name: string;
  /** The `sink` section of the gateway's configuration. */
  readonly sink: string;
  /** Of the store's own process, if it has one. */
  readonly pid?: number;
  /** Points in the store. The gateway has stopped by then; its files are still there. */
  count(gateway: RunningGateway): Promise<number>;
  stop(): Promise<void>;
}
