import type { BrokerOptions } from '../broker/broker.js';
import type {
  HttpConfig,
  MetricsConfig,
  RetainedConfig,
  SessionsConfig,
  SluiceConfig,
} from '../config/sluice-config.js';
import { type DataDirectory, dataDirectory } from '../data-directory/data-directory.js';
import { DIRECTORY_FORMATS, type DirectoryFormat } from '../data-directory/directory-identity.js';
import { SluiceError } from '../lib/errors.js';
import type { ConsumeOptions } from '../pipeline/consume-protocol.js';
import type { ForwardOptions } from '../pipeline/forward-protocol.js';
import type { MappingOptions } from '../pipeline/rules-in-force.js';
import type { LogOptions } from '../stream/log/log-writer.js';

/** Which half of the path this process runs: broker to Kinesis, Kinesis to sink, or both. */
export const ROLES = ['all', 'ingest', 'consume'] as const;
export type Role = (typeof ROLES)[number];

/** What the gateway is built from: the resolved options of each stage. */
export interface GatewayOptions {
  readonly role: Role;
  readonly directory: DataDirectory;
  /** What its log is going to hold. */
  readonly directoryFormat: DirectoryFormat;
  readonly broker: BrokerOptions & { readonly retained: RetainedConfig; readonly sessions: SessionsConfig };
  /** Absolute path of the access file; absent: nobody has to sign in. */
  readonly accessFile?: string;
  readonly maxInFlightBytes: number;
  /** Largest body of a record in the log. */
  readonly maxBodyBytes: number;
  readonly log: Omit<LogOptions, 'directory' | 'maxBodyBytes'>;
  readonly consume: Omit<ConsumeOptions, 'directory' | 'maxBodyBytes'>;
  /** Absent in direct mode. */
  readonly forward?: Omit<ForwardOptions, 'directory' | 'maxBodyBytes'>;
  /** Absent: no HTTP. */
  readonly http?: Omit<HttpConfig, 'insecure'>;
  readonly metrics: MetricsConfig;
  /** Deadline of everything that a stop waits for. */
  readonly stopDeadlineMs: number;
}

/** What the rules of a configuration map records by. */
export function mappingOptions({ rules, mapping, consumer }: SluiceConfig): MappingOptions {
  return { rules, ...mapping, payload: consumer.payload, types: consumer.types };
}

/** For names and topics in front of the payload: what a frame can hold beyond the largest packet. */
const FRAME_OVERHEAD_BYTES = 64 * 1024;

/** A service manager kills a process that stops after 90 s, Docker after 10. */
const STOP_DEADLINE_MS = 8000;

/** Cuts the configuration into the options of each stage. Throws USAGE_INVALID for a role that the mode does not have. */
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
    // The first record with a user may come with the first packet.
    directoryFormat:
      broker.accessFile === undefined || role === 'consume'
        ? DIRECTORY_FORMATS.plain
        : DIRECTORY_FORMATS.withUsers,
    broker: { ...broker, maxUnfinishedBytes: broker.maxInFlightBytes },
    accessFile: broker.accessFile,
    maxInFlightBytes: broker.maxInFlightBytes,
    maxBodyBytes: broker.maxPacketBytes + FRAME_OVERHEAD_BYTES,
    log: stream.log,
    consume: {
      ...mappingOptions(config),
      consumer,
      deadLetterMaxSizeBytes: consumer.deadLetter.maxSizeBytes,
      keeping: consumer.deadLetter,
      sink: config.sink,
      windows: config.windows,
      kinesis,
    },
    forward: kinesis && {
      kinesis,
      checkpointIntervalMs: consumer.checkpointIntervalMs,
      deadLetterMaxSizeBytes: consumer.deadLetter.maxSizeBytes,
      isAlone: role === 'ingest',
    },
    http: config.http,
    metrics: config.metrics,
    stopDeadlineMs: STOP_DEADLINE_MS,
  };
}
