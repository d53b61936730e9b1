import type { BrokerOptions } from './broker/broker.js';
import type { DataDirectory } from './data-directory.js';
import type { DownstreamOptions } from './downstream-protocol.js';
import type { LogOptions } from './stream/log/log-writer.js';

/** What the gateway is built from: each stage's options, resolved. */
export interface GatewayOptions {
  readonly directory: DataDirectory;
  readonly broker: BrokerOptions;
  readonly maxInFlightBytes: number;
  readonly log: Omit<LogOptions, 'directory' | 'maxBodyBytes'>;
  readonly downstream: Omit<DownstreamOptions, 'directory' | 'maxBodyBytes'>;
  /** Absent: no HTTP. */
  readonly http?: { readonly host: string; readonly port: number };
  /** For everything that stopping waits for. */
  readonly stopDeadlineMs: number;
}
