import type { ErrorCode } from './errors.js';

/**
 * NEXT_STEPS has every code of a line of level warn, error or fatal, and what the operator does about it: it is written
 * into the line as `next`. The list is closed: a new line gets a code here, and docs/errors.md shows it.
 */
export const NEXT_STEPS = {
  // The codes of SluiceError, see errors.ts.
  USAGE_INVALID: 'See `sluice --help`, or add `--help` to the command.',
  CONFIG_UNREADABLE:
    'Correct the file at the position that the line names, or choose another file with `-c`.',
  CONFIG_INVALID:
    'Correct each listed key: the line names the value found and the value expected. Then run `sluice check`.',
  DATA_DIRECTORY_LOCKED:
    'Stop the other Sluice (its process id is in `lock.owner`), or set another `stream.log.directory` for this one.',
  DATA_DIRECTORY_UNUSABLE:
    'Make the directory writable for the user that runs Sluice, with the command that the line names if it names one.',
  DATA_DIRECTORY_MISMATCH:
    'Do what the line says for each file that it names; `sluice check` reports the same. Nothing was changed.',
  LISTENER_FAILED: 'Free the port, or set another one under `broker.listeners` or `http`.',
  TLS_FILES_INVALID:
    'Correct the file that the line names: it says what was found and what is expected. `sluice certificates init` makes certificates for trying.',
  LOG_FAILED: 'Fix the disk or free space on it, then start again: every acknowledged message is recovered.',
  JOURNAL_FAILED:
    'Fix the disk, or the permissions of the file that the line names, then start again: what was acknowledged is recovered.',
  LOG_CLOSED: 'This is a bug in Sluice: please report it with the log line.',
  LOG_RECORD_TOO_LARGE:
    'This is a bug in Sluice, because the broker rejects such packets: please report it with the log line.',
  CHECKPOINT_FAILED: 'Fix the disk or free space on it, then start again.',
  CHECKPOINT_UNREADABLE:
    'Restore the file from a backup, or move it and its copy away: the log is then read again from its oldest record, with a new ledger.',
  DISK_FULL:
    'Free space on the disk of the data directory: it is tried again automatically, and nothing acknowledged is lost.',
  DEAD_LETTER_FAILED: 'Fix the disk or the permissions of `dead-letter/`, then start again.',
  DEAD_LETTER_FULL:
    'Run `sluice dead-letters list`, then replay or purge the parked records, or raise `consumer.deadLetter.maxSize`.',
  DEAD_LETTER_BUSY:
    'Wait until the replay or purge is done; `sluice dead-letters` and the page show its progress.',
  DEAD_LETTER_SCANNING:
    'Try again in a second: two searches of the dead letter run at once, and each takes at most 2 s.',
  REPLAY_UNSUPPORTED:
    'A gateway with `--role ingest` has no store: purge there, or stop it and replay with the configuration of a consumer.',
  RELOAD_BUSY:
    'Wait until the other reload is done, then try again: it may have read the file before your change.',
  RELOAD_FAILED:
    'Do what the line names, then reload again: the gateway goes on with the old rules. A restart applies the new ones too.',
  CONTROL_FAILED:
    'Read the log of the gateway on that data directory; restart the gateway if it runs an older version.',
  SINK_ABORTED: 'Nothing to do: the points that were not written stay in the log for the next start.',
  SINK_UNUSABLE: 'Correct the key under `sink` that the line names; `sluice doctor` tests the store.',
  QUERY_NAMES_UNKNOWN: 'Correct the name; `/api/measurements` lists what is in the store.',
  SINK_QUERY_UNSUPPORTED:
    'Nothing to do, writing is not affected: the charts of the page need InfluxQL or DuckDB.',
  SINK_QUERY_FAILED: 'Try again; `/readyz` shows the state of the store.',
  QUERY_INVALID: 'Correct the query as the line says; docs/query.md has examples.',
  TOO_MANY_QUERIES: 'Try again when the other query is answered: the store answers one at a time.',
  QUERY_LIMIT_REACHED: 'Ask for fewer rows, groups or days, or raise the limit that the line names.',
  SINK_CHANGE_FAILED:
    'Try again: nothing was changed. `/readyz` and the log show what is wrong with the store.',
  KINESIS_THROTTLED: 'Nothing to do, the request is repeated; if it lasts, add shards to the stream.',
  KINESIS_UNREACHABLE:
    'Nothing to do, the request is repeated; if it lasts, check the network and `stream.kinesis.endpoint`.',
  KINESIS_STREAM_BUSY: 'Wait: the stream or its consumer is being created, changed or deleted.',
  KINESIS_ITERATOR_EXPIRED: 'Nothing to do: reading continues at the same position.',
  KINESIS_STREAM_MISSING:
    'Create the stream with `sluice stream create`, or correct `stream.kinesis.name` and `region`.',
  KINESIS_DENIED:
    'Give the role the permission that the line names (docs/kinesis.md has the policy); renew an expired session token: it is read again automatically.',
  KINESIS_REQUEST_REFUSED:
    'If a record was sent, find it with `sluice dead-letters list`: it is parked as `stream-refused`. Else do what the line names.',
  KINESIS_UNUSABLE: 'Change the stream or the keys under `stream.kinesis` as the line describes.',
  LEASE_TABLE_UNREACHABLE:
    'Nothing to do, the request is repeated; if it lasts, check the network and `stream.kinesis.leases.endpoint`.',
  LEASE_TABLE_UNUSABLE:
    'Fix what the line names: the permission, the credentials (they are read again automatically), the shape of the table, or the missing package.',
  LEASE_LOST:
    'Nothing to do, the other consumer reads what was not saved; if it happens again, raise `leases.failover`.',
  WORKER_FAILED: 'This is a bug in Sluice: start again, and please report it with the log line.',

  CONFIG_RELOAD_REFUSED:
    'Correct what the line names, then reload again: until then the gateway goes on with the old configuration.',
  ACCESS_RELOAD_REFUSED:
    'Correct what the line names, then `sluice check`: the file is read again automatically, and until then the old rules are in force.',
  ACCESS_KEYS_UNREADABLE:
    'Correct the file of `jwt.jwks` that the line names: until then the keys that were read before are used, or no JWT is accepted.',
  ACCESS_RULES_OPEN:
    'Correct what the line names, or leave it if it is meant: `sluice check` names the same.',
  ACCESS_UNPROTECTED:
    'Use TLS on the address that the line names, or a token for reading; leave it if the network is trusted: `sluice check` names the same.',
  RULES_UNREACHABLE:
    'Put the rule that the line names before the one that takes its topics, or correct the filter of one of them.',
  WINDOWS_WITHOUT_POINTS:
    'Correct the name or the function in `windows.aggregates`, or let a rule give points that measurement, field or tag.',
  WORKER_STALLED:
    'Look which rule or store takes that long, in `/readyz` and the log; restart the gateway if it lasts: nothing is lost.',
  BROKER_TOO_MANY_CONNECTIONS:
    'Raise `broker.maxConnections` and the limit of open files (`sluice doctor` shows it), or find out who connects.',
  BROKER_TOO_MANY_FROM_ADDRESS:
    'Find out who connects from that address; raise `broker.maxConnectionsPerAddress` if many devices share it (NAT, proxy).',
  BROKER_TOO_MANY_FROM_USER:
    'Find out which clients use the credential; raise `broker.limits.connectionsPerUser`, or `limits.connections` of its role, if they are yours.',
  BROKER_TOO_MANY_NEW:
    'Find out who connects from that address; raise `broker.limits.newConnectionsPerSecond` if many devices share it (NAT, proxy).',
  BROKER_BUSY:
    'Nothing to do for a moment of load: clients connect again later. If it lasts, give the machine more CPU or memory, or raise `broker.limits.eventLoopLag` or `memory`.',
  BROKER_CLIENT_SLOWED:
    'Find out why that client sends so much; raise the rate that the line names under `broker.limits`, or for its role.',
  BROKER_RATE_EXCEEDED:
    'Find out why that client sends so much; raise its rate under `broker.limits` or for its role, or set a longer `disconnectAfter`.',
  BROKER_CLIENT_REFUSED:
    'Do what the line says for its `reason`: docs/runbook.md, "Clients refused", has each.',
  BROKER_CLIENT_ID_CONTESTED:
    'Give each device a client id of its own: the clients at `remoteAddress` and in `detail` use the same, and each ends the connection of the other.',
  BROKER_SIGN_IN_REFUSED:
    'Compare user name and credential of the device with `sluice users list`; `sluice users rotate` gives it a new token. docs/runbook.md, "Clients refused", has each `reason`.',
  BROKER_ACCESS_DENIED:
    'Ask `sluice check --as USER --client ID --publish TOPIC` which line of the access file decides; then fix the role or the device. docs/runbook.md, "Clients refused", has each `reason`.',
  BROKER_SESSION_QUEUE_FULL:
    'Find out why the client that the line names is absent or slow; if the messages are worth it, raise `broker.sessions.maxQueuedMessages`, `maxQueuedSize` or `maxTotalSize`.',
  BROKER_SESSIONS_FULL:
    'Let clients that need no session connect with clean session 1; raise `broker.sessions.maxSessions` or shorten `broker.sessions.expireAfter`.',
  BROKER_RETAINED_FULL:
    'Find out who retains so many messages (`sluice_broker_retained_messages`); raise `broker.retained` if they are yours, or clear them with empty retained messages.',
  JOURNAL_DAMAGED:
    'Check the disk (`dmesg`, `smartctl`): what is before and behind the damage is kept, and what was in it comes again when clients send it.',
  BROKER_INTERNAL: 'If it happens more than once it is a bug in Sluice: please report it with the log line.',
  LOG_BLOCKED:
    'Check the sink or Kinesis in `/readyz` and fix the cause; to survive longer outages, raise `stream.log.maxSize`.',
  LOG_DISK_FULL:
    'Free space on the disk of the data directory: the gateway then goes on automatically; `sluice dead-letters purge` works too.',
  LOG_UNBLOCKED: 'Nothing to do: PUBACKs are sent again.',
  LOG_RECORDS_DROPPED:
    'Check the sink or Kinesis in `/readyz` and fix the cause; raise `stream.log.maxSize`, or set `whenFull: block`.',
  LOG_TRIM_FAILED:
    'Check the disk and the permissions of the folder `log/`: it grows until old segments can be deleted.',
  LEDGER_RESET:
    'Nothing to do: earlier parked records are in `dead-letter/before-…/`, and can still be listed, replayed and purged.',
  CHECKPOINT_RESTORED:
    'Nothing to do: the copy had the same content. Check the disk (`dmesg`, `smartctl`); a damaged file is kept beside it.',
  CHECKPOINT_RESET:
    'Check the disk, or restore a backup of the whole data directory. Earlier parked records are in `dead-letter/before-…/`.',
  CARDINALITY_EXCEEDED:
    'Find out what the user or client of the line sends: a tag whose values never end, such as an identity made at each start, belongs into a field. Or raise the budget under `policies.cardinality`, then replay (docs/policies.md).',
  STATE_LOST:
    'Check the disk. Rules that remember earlier records begin with what could be read: Sparkplug nodes must send their births again.',
  LOG_STOP_NOTE_UNUSABLE:
    'Check the disk: damage at the end of the log may be taken for an unfinished write at this start or the next.',
  LOG_DAMAGED:
    'Check the disk (`dmesg`, `smartctl`) and replace it: records before and behind the damage are processed normally.',
  DEAD_LETTER_PAYLOADS_NOT_KEPT:
    'Stop the user or client that the line names, or give its topic a rule that ignores it; then purge. docs/runbook.md, "Payloads not kept".',
  DEAD_LETTER_RECORDS_DROPPED:
    'Stop the client that sends what cannot be used, or set `consumer.deadLetter.whenFull: keep-reason` or `block`.',
  DEAD_LETTER_DAMAGED:
    'Check the disk. Records of the file that can be read are kept; restore it from a backup while stopped, or purge with `--all`.',
  LOG_TORN_TAIL: 'Nothing to do: the unfinished write was never acknowledged, so devices send it again.',
  CLOCK_IMPLAUSIBLE:
    'Set the clock of the machine and synchronise it with NTP; readings without a time of their own get a wrong one until then.',
  CLOCK_STEPPED:
    'Synchronise the clock with NTP. If it was wrong before, see `sluice dead-letters list`, and replay what is parked for its time.',
  RECEIVE_TIMES_FAILED:
    'Fix the disk or the permissions of `receive-times.json` in the data directory; nothing is lost meanwhile.',
  TIMELINE_FAILED:
    'Check the disk and the permissions of `timeline.json` in the data directory: incidents before may be gone from the page, no record is.',
  STORE_UNAVAILABLE: 'Start the store, or fix the connection to it; records wait in the log meanwhile.',
  STORE_UNEXPECTED: 'Check what listens at `sink.influx.url`: its answers are not those of InfluxDB.',
  STORE_CONFIGURATION:
    'Correct token, user, bucket or database under `sink.influx`, or make what is missing with `sluice store prepare`; `sluice doctor` tests it.',
  STORE_REFUSES_EVERYTHING: 'Read the log of the store: it rejects even a line that is known to be good.',
  STORE_REFUSES_MANY:
    'Run `sluice dead-letters list`: the reason is in the words of the store. Fix the rule or the store, then replay the parked records.',
  FIELD_TYPE_CONFLICT:
    'Correct the device or its rule, or change the type in the store (`sluice store retype`); docs/policies.md, "Types of fields".',
  STORE_SERIES_LIMIT:
    'Raise the limit that the line names in the store (`max-values-per-tag`, `max-series-per-database`), or make the tag with too many values a field; then replay the parked records.',
  STORE_RETENTION_FAILED:
    'Check the disk and the permissions of the DuckDB file: it grows until old rows can be deleted.',
  WINDOW_ROWS_REFUSED:
    'Correct what the line names: a retention policy or bucket that is missing, or a field with another type. Then run `sluice windows rebuild` for the range.',
  WINDOWS_TABLE_FAILING:
    'Nothing to do, the request is repeated; if it lasts, check DynamoDB, the network and the permissions of the role on the table of the windows.',
  WINDOWS_STATE_LOST:
    'Check the disk, then run `sluice windows rebuild` from the time that the line names: rows of that time may lack late points.',
  WINDOWS_OVER_MEMORY:
    'Raise `windows.memory`, or group by fewer series (`by`). Then run `sluice windows rebuild` for the range that the line names.',
  WINDOW_FOLD_FAILED:
    'Nothing to do if it passes: the window is tried again. If it lasts, see the state of the store in `/readyz` and in its own log.',
  KINESIS_ADVICE:
    'Change the stream or the keys under `stream.kinesis` as the line describes; nothing is lost meanwhile.',
  KINESIS_FAILING: 'Nothing to do, the records are sent again; if it lasts, see the status page of AWS.',
  KINESIS_USABLE: 'Nothing to do: the buffered records are sent now.',
  POSITION_LEFT_STREAM:
    'Make the retention of the stream longer than the longest outage of a consumer; expired records cannot be read again.',
  SHARD_LEFT_STREAM:
    'Make the retention of the stream longer than the longest outage of a consumer; expired records cannot be read again.',
  STREAM_MADE_AGAIN:
    'Nothing to do: the new stream is read from its oldest record. Before a stream is deleted, wait until `sluice stream describe` shows that all of it is read.',
  POSITION_REFUSED:
    'Nothing to do: reading continues at the oldest record of the shard; if the stream was made again, what was in the old one and not yet read is gone.',
  LEASE_TABLE_FAILING:
    'Nothing to do, the request is repeated; if it lasts, check DynamoDB, the network and the permissions of the role.',
  SHARDS_NOT_LISTED:
    'Nothing to do, the request is repeated; if it lasts, check the network and the permission kinesis:ListShards.',
  LEASE_RELEASED_UNSAVED:
    'Nothing to do, the unsaved part is written twice to the same points; if the store was slow, fix that.',
  COORDINATOR_FAULT: 'This is a bug in Sluice: please report it with the log line.',
  OWN_METRICS_REFUSED:
    'Set another `metrics.store.measurement`: most likely something else writes to this one with other types.',
  OTLP_FAILED:
    'Check `metrics.otlp.url`, its headers and the collector; the next request sends all values again.',
  OTLP_TRACES_FAILED:
    'Check `metrics.otlp.traces.url`, its headers and the collector; metrics and records are not affected.',
  OPEN_FILES_LOW:
    'Raise the limit of open files (LimitNOFILE= of systemd, `ulimit -n`), or lower `broker.maxConnections`.',
  OPEN_FILES_EXHAUSTED:
    'Nothing to do if it passes: what needs a file waits for one. If it lasts, raise the limit of open files (LimitNOFILE= of systemd, `ulimit -n`).',
  BROKER_TLS_FAILED:
    'Do what `detail` says for the client at `remoteAddress`; scanners of the internet cause such lines too.',
  BROKER_PROXY_REFUSED:
    'List the load balancer under `proxy` of the listener and let it send a PROXY header, or let clients connect elsewhere.',
  BROKER_HOST_REFUSED:
    'If the name is one of this gateway, add it to `hosts` of the listener; else a web page tried to get in by a name of its own.',
  TLS_RELOAD_REFUSED:
    'Correct the file that the line names; it is read again when it changes. The certificate that was in use stays in use.',
  CERTIFICATE_EXPIRES:
    'Renew the certificate and replace its file: it is read again without a restart. `sluice certificates renew` renews one of `sluice certificates init`.',
  HTTP_FAILED: 'This is a bug in Sluice: please report it with the log line.',
  FLEET_ENDED: 'Start the demo again: the gateway is still running, but nothing is simulated.',
  STOP_INCOMPLETE:
    'Nothing to do: what was not written is in the log for the next start. If it happens again, look at disk, store and stream.',
  STOPPED_AT_ONCE:
    'Nothing to do: every acknowledged message is on disk, and the next start continues with it.',
} as const satisfies Readonly<Record<ErrorCode, string>> & Readonly<Record<string, string>>;

export type WarningCode = keyof typeof NEXT_STEPS;

export const WARNING_CODES = Object.keys(NEXT_STEPS) as readonly WarningCode[];

/**
 * The fields of such a line. `next` is the next step when it is not that of the code. `heldBack` is how many like it were
 * held back before; present when the stage limits its lines.
 */
export interface WarningFields {
  readonly code: WarningCode;
  readonly next?: string;
  readonly heldBack?: number;
  readonly [field: string]: unknown;
}

/** Writes a warning of a stage. `sentence` is constant, except for what the operator must read in it. */
export type Warn = (fields: WarningFields, sentence: string) => void;
