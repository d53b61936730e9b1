import type { BrokerOptions } from './broker/broker.js';
import type { HttpConfig, MetricsConfig, SluiceConfig } from './config/sluice-config.js';
import { type DataDirectory, dataDirectory } from './data-directory.js';
import { SluiceError } from './errors.js';
import type { LogOptions } from './stream/log/log-writer.js';
import type { DownstreamOptions } from './threads/downstream-protocol.js';
import type { ForwardingOptions } from './threads/forwarding-protocol.js';

/** Which half of the path this process runs: broker to Kinesis, Kinesis to sink, or both. */
export const ROLES = ['all', 'ingest', 'consume'] as const;
export type Role = (typeof ROLES)[number];

/** What the gateway is built from: each stage's options, resolved. */
export interface GatewayOptions {
  readonly role: Role;
  readonly directory: DataDirectory;
  readonly broker: BrokerOptions;
  readonly maxInFlightBytes: number;
  readonly log: Omit<LogOptions, 'directory' | 'maxBodyBytes'>;
  readonly downstream: Omit<DownstreamOptions, 'directory' | 'maxBodyBytes'>;
  /** Absent in direct mode. */
  readonly forwarding?: Omit<ForwardingOptions, 'directory' | 'maxBodyBytes'>;
  /** Absent: no HTTP. */
  readonly http?: Omit<HttpConfig, 'insecure'>;
  readonly metrics: MetricsConfig;
  /** For everything that stopping waits for. */
  readonly stopDeadlineMs: number;
}

/** Everything that a stop waits for; a service manager kills after 90 s, Docker after 10. */
const STOP_DEADLINE_MS = 8000;

/** The configuration, cut into what each stage takes. Throws USAGE_INVALID for a role that the mode does not have. */
export function gatewayOptions(config: SluiceConfig, role: Role): GatewayOptions {
  const { broker, stream, consumer } = config;
  const { kinesis } = stream;
  if (kinesis === undefined && role !== 'all') {
    throw new SluiceError(
      'USAGE_INVALID',
      `--role ${role} needs stream.mode: kinesis; in direct mode broker and consumer are one process`,
    );
  }
  return {
    role,
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
      ...(kinesis === undefined ? {} : { kinesis }),
    },
    ...(kinesis === undefined
      ? {}
      : {
          forwarding: {
            kinesis,
            checkpointIntervalMs: consumer.checkpointIntervalMs,
            deadLetterMaxSizeBytes: consumer.deadLetter.maxSizeBytes,
            isAlone: role === 'ingest',
          },
        }),
    ...(config.http === undefined ? {} : { http: config.http }),
    metrics: config.metrics,
    stopDeadlineMs: STOP_DEADLINE_MS,
  };
}
