import type { BrokerOptions } from './broker/broker.js';
import type { SluiceConfig } from './config/sluice-config.js';
import { type DataDirectory, dataDirectory } from './data-directory.js';
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

/** Everything that a stop waits for; a service manager kills after 90 s, Docker after 10. */
const STOP_DEADLINE_MS = 8000;

/** The configuration, cut into what each stage takes. */
export function gatewayOptions(config: SluiceConfig): GatewayOptions {
  const { broker, stream, consumer } = config;
  return {
    directory: { ...dataDirectory(config.dataDirectory), log: stream.log.directory },
    broker,
    maxInFlightBytes: broker.maxInFlightBytes,
    log: stream.log,
    downstream: {
      rules: config.rules,
      payload: consumer.payload,
      consumer,
      deadLetterMaxSizeBytes: consumer.deadLetter.maxSizeBytes,
      sink: config.sink,
    },
    ...(config.http === undefined ? {} : { http: config.http }),
    stopDeadlineMs: STOP_DEADLINE_MS,
  };
}
