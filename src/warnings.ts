import type { ErrorCode } from './errors.js';

/**
 * Every code that a line of level warn, error or fatal can have, and what the operator does about it: one sentence,
 * written into the line as `next`. The list is closed: a new line gets a code here, and docs/errors.md shows it.
 */
export const NEXT_STEPS = {
  // Of a SluiceError; see errors.ts.
  USAGE_INVALID: 'See `sluice --help`, or `--help` behind the command.',
  CONFIG_UNREADABLE: 'Correct the file at the place that the line names, or name another with `-c`.',
  CONFIG_INVALID:
    'Correct each key that is listed with what was found and what is expected, then try `sluice check`.',
  DATA_DIRECTORY_LOCKED:
    'Stop the other Sluice, whose process id is in `lock.owner`, or give this one a `stream.log.directory` of its own.',
  DATA_DIRECTORY_UNUSABLE: 'Make the directory writable for the user that runs Sluice.',
  LISTENER_FAILED: 'Free the port, or set another one under `broker.listeners` or `http`.',
  LOG_FAILED: 'Mend the disk, or make room on it, and start again: what was acknowledged is recovered.',
  LOG_CLOSED: 'A fault of ours: please report it with the line.',
  LOG_RECORD_TOO_LARGE: 'A fault of ours, as the broker refuses such packets before: please report it.',
  CHECKPOINT_FAILED: 'Mend the disk, or make room on it, and start again.',
  CHECKPOINT_UNREADABLE:
    'Restore the file from a backup, or move it away to read the log again from its oldest record, with a new ledger.',
  DEAD_LETTER_FAILED: 'Mend disk or permissions of `dead-letter/` and start again.',
  DEAD_LETTER_FULL:
    'Look at `sluice dead-letters list`, then replay or purge what is parked, or raise `consumer.deadLetter.maxSize`.',
  DEAD_LETTER_BUSY:
    'Wait until the replay or purge is done; `sluice dead-letters` and the page show how far it is.',
  REPLAY_UNSUPPORTED:
    'Purge there, or stop the gateway and replay with the configuration of a consumer: `--role ingest` has no store.',
  CONTROL_FAILED:
    'Look at the log lines of the gateway on that data directory; restart it when it is of an older version.',
  SINK_ABORTED: 'Nothing: what was not written stays in the log for the next start.',
  SINK_UNUSABLE: 'Correct the key under `sink` that the line names; `sluice doctor` tries the store.',
  SINK_QUERY_UNSUPPORTED: 'Nothing, writing is not affected: the charts of the page need InfluxQL or DuckDB.',
  SINK_QUERY_FAILED: 'Try again; `/readyz` tells the state of the store.',
  KINESIS_THROTTLED: 'Nothing, it is tried again; when it lasts, add shards to the stream.',
  KINESIS_UNREACHABLE:
    'Nothing, it is tried again; when it lasts, look at the network and at `stream.kinesis.endpoint`.',
  KINESIS_STREAM_BUSY: 'Wait: the stream or its consumer is being created, changed or deleted.',
  KINESIS_ITERATOR_EXPIRED: 'Nothing: reading goes on from where it was.',
  KINESIS_STREAM_MISSING:
    'Make the stream with `sluice stream create`, or correct `stream.kinesis.name` and `region`.',
  KINESIS_DENIED: 'Give the role the permission that the line names; docs/kinesis.md has the policy.',
  KINESIS_REQUEST_REFUSED:
    'Look at the record with `sluice dead-letters list`: it is parked as `stream-refused`.',
  KINESIS_UNUSABLE: 'Change the stream or the keys under `stream.kinesis` as the line says.',
  LEASE_TABLE_UNREACHABLE:
    'Nothing, it is tried again; when it lasts, look at the network and at `stream.kinesis.leases.endpoint`.',
  LEASE_TABLE_UNUSABLE: 'Mend what the line names: permission, shape of the table, or the missing package.',
  LEASE_LOST:
    'Nothing, what was not saved is read by the other consumer; when it repeats, raise `leases.failover`.',
  WORKER_FAILED: 'A fault of ours: start again, and please report it with the line.',

  BROKER_TOO_MANY_CONNECTIONS:
    'Raise `broker.maxConnections`, and the limit of open files with it (`sluice doctor` shows that), or find who connects.',
  BROKER_CLIENT_REFUSED:
    'Look the `reason` up in docs/operations.md, "Clients refused"; at `protocol-version`, set the client to MQTT 3.1.1.',
  BROKER_INTERNAL: 'A fault of ours unless it is once only: please report it with the line.',
  LOG_BLOCKED:
    'See what `/readyz` says of the sink or of Kinesis and mend that; room for longer outages is `stream.log.maxSize`.',
  LOG_UNBLOCKED: 'Nothing: PUBACKs go out again.',
  LOG_RECORDS_DROPPED:
    'See what `/readyz` says of the sink or of Kinesis and mend that; raise `stream.log.maxSize`, or set `whenFull: block`.',
  LOG_TRIM_FAILED:
    'Look at disk and permissions of the folder `log/`: it grows until old segments can be deleted.',
  BOOKS_BEGIN_ANEW:
    'Nothing: what was parked before lies in `dead-letter/before-…/`, still listed, replayed and purged.',
  LOG_TORN_TAIL: 'Nothing: the unfinished write was never acknowledged, and devices send it again.',
  STORE_UNAVAILABLE: 'Start the store, or mend the way to it; records wait in the log meanwhile.',
  STORE_UNEXPECTED: 'See what listens at `sink.influx.url`: it does not answer as InfluxDB does.',
  STORE_CONFIGURATION:
    'Correct token, user, bucket or database under `sink.influx`, or make them in the store; `sluice doctor` tries it.',
  STORE_REFUSES_EVERYTHING: 'Look at the log of the store: it refuses even a line that is known to be good.',
  STORE_REFUSES_MANY:
    'Look at `sluice dead-letters list`: often a field has changed its type; mend the rule, then replay what is parked.',
  STORE_RETENTION_FAILED:
    'Look at disk and permissions of the DuckDB file: it grows until old rows can be deleted.',
  KINESIS_ADVICE:
    'Change the stream or the keys under `stream.kinesis` as the line says; nothing is lost as it is.',
  KINESIS_FAILING: 'Nothing, the records go again; when it lasts, look at the status page of AWS.',
  KINESIS_USABLE: 'Nothing: what was buffered is sent now.',
  POSITION_LEFT_STREAM:
    'Raise the retention of the stream above the longest standstill of a consumer; what is gone cannot be read again.',
  SHARD_LEFT_STREAM:
    'Raise the retention of the stream above the longest standstill of a consumer; what is gone cannot be read again.',
  LEASE_TABLE_FAILING:
    'Nothing, it is tried again; when it lasts, look at DynamoDB, the network and the permissions of the role.',
  SHARDS_NOT_LISTED:
    'Nothing, it is tried again; when it lasts, look at the network and the permission kinesis:ListShards.',
  LEASE_RELEASED_UNSAVED:
    'Nothing, that part is written twice to the same points; mend the store when it was slow.',
  COORDINATOR_FAULT: 'A fault of ours: please report it with the line.',
  OWN_METRICS_REFUSED:
    'Set another `metrics.store.measurement`: most likely something else writes the same one with other types.',
  OTLP_FAILED:
    'Look at `metrics.otlp.url` and its headers, and at the collector; the next request tells everything again.',
  OTLP_TRACES_FAILED:
    'Look at `metrics.otlp.traces.url` and the headers, and at the collector; metrics and records are not affected.',
  HTTP_FAILED: 'A fault of ours: please report it with the line.',
  FLEET_ENDED: 'Start the demo again: the gateway runs on, but nothing is simulated.',
  STOPPED_AT_ONCE: 'Nothing: what was acknowledged is on disk, and the next start goes on with it.',
} as const satisfies Readonly<Record<ErrorCode, string>> & Readonly<Record<string, string>>;

export type WarningCode = keyof typeof NEXT_STEPS;

export const WARNING_CODES = Object.keys(NEXT_STEPS) as readonly WarningCode[];

/** The fields of such a line. `heldBack`: how many like it were left out before; present when somebody has seen to that. */
export interface WarningFields {
  readonly code: WarningCode;
  readonly heldBack?: number;
  readonly [field: string]: unknown;
}

/** How a stage warns; `sentence` is constant but for what the operator must read in it. */
export type Warn = (fields: WarningFields, sentence: string) => void;
