import type { ArrivalsAnswer, ArrivalsQuestion } from '../arrivals/arrival.js';
import type { KinesisConfig } from '../config/sluice-config.js';
import type { ConsumerOptions } from '../consumer/consumer.js';
import type { ConsumerProgress } from '../consumer/consumer-progress.js';
import type { TypeConversionCounts } from '../consumer/typed-writer.js';
import type { DataDirectory } from '../data-directory/data-directory.js';
import type { KeepingOptions } from '../dead-letter/payload-keeping.js';
import type { DevicePage, DeviceQuery, NeedsLook } from '../devices/device-state.js';
import type { InfluxqlAnswer, InfluxqlRequest } from '../influxql/answer.js';
import type { ReaderLedger } from '../ledger/ledger.js';
import type { TraceOptions } from '../metrics/otlp/trace-export.js';
import type { SeriesAnswer, SeriesQuery } from '../reading/series-query.js';
import type { ReplayAnswer, ReplayReport, ReplayRequest } from '../replay/replay-service.js';
import type { FollowedRecords } from '../rules/followed-record.js';
import type { MappingWarningCounts } from '../rules/mapped.js';
import type { BudgetUse } from '../rules/policies/budget-use.js';
import type { SinkOptions } from '../sink/create-sink.js';
import type { FieldChange, FieldChangeResult } from '../sink/field-change.js';
import type { Point } from '../sink/point.js';
import type { SinkContact, SinkCounters, SinkStatus } from '../sink/sink.js';
import type { QueryCounts, StoreQuery, StoreQueryAnswer } from '../sink/store-query.js';
import type { MeasurementSummary } from '../sink/store-reader.js';
import type { KinesisReaderCounters } from '../stream/kinesis/reader/reader-counters.js';
import type { ComponentStatus } from '../stream/stream.js';
import type { WindowsOptions } from '../windows/aggregate.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from '../windows/windows-report.js';
import type { MappingOptions } from './rules-in-force.js';

/** What crosses between the main thread and the worker of consumer and sink. */

export interface ConsumeOptions extends MappingOptions {
  readonly directory: DataDirectory;
  readonly maxBodyBytes: number;
  readonly consumer: ConsumerOptions;
  readonly deadLetterMaxSizeBytes: number;
  /** When payloads of parked records are given up. */
  readonly keeping: KeepingOptions;
  readonly sink: SinkOptions;
  /** Absent: no windows are computed. */
  readonly windows?: WindowsOptions;
  /** Absent: records come from the log. */
  readonly kinesis?: KinesisConfig;
  /** Absent: no record is followed. */
  readonly traces?: TraceOptions;
}

/** What the worker reports of itself. */
export interface ConsumeReport {
  readonly ledger: ReaderLedger;
  readonly consumer: Omit<ConsumerProgress, 'position' | 'ledger'>;
  readonly mappingWarnings: MappingWarningCounts;
  /** Those above zero: rule → warning → count. */
  readonly mappingWarningsByRule: Readonly<Record<string, Partial<MappingWarningCounts>>>;
  readonly budgets: BudgetUse;
  readonly typeConversions: TypeConversionCounts;
  readonly deadLetterBytes: number;
  readonly replay: ReplayReport;
  readonly sink: SinkCounters & { readonly kind: 'influx' | 'duckdb'; readonly status: SinkStatus };
  readonly sinkContact: SinkContact;
  /** Present when records come from Kinesis. */
  readonly kinesis?: KinesisReaderReport;
  /** Absent: no windows are configured. */
  readonly windows?: WindowsReport;
  /** Absent: the store is not asked with SQL. */
  readonly queries?: QueryCounts;
}

export interface KinesisReaderReport {
  readonly status: ComponentStatus;
  readonly counters: KinesisReaderCounters;
  /** Present with `checkpoints: dynamodb`. */
  readonly leases?: LeaseReport;
}

export type StoreRequest =
  | { readonly kind: 'measurements' }
  | { readonly kind: 'series'; readonly query: SeriesQuery }
  | { readonly kind: 'latest'; readonly query: DeviceQuery }
  | { readonly kind: 'needs-look' }
  | { readonly kind: 'influxql'; readonly request: InfluxqlRequest }
  /** Metrics of the gateway itself; answered with how many points were rejected. */
  | { readonly kind: 'write-self-metrics'; readonly points: readonly Point[] };
export type StoreAnswer =
  | readonly MeasurementSummary[]
  | SeriesAnswer
  | DevicePage
  | NeedsLook
  | InfluxqlAnswer
  | number;

/**
 * The rules of a reload. Answered when they are in force; refused with RELOAD_FAILED when the batch before them cannot be
 * completed and saved, and with CONFIG_INVALID: then the old ones stay.
 */
export interface ReplaceRulesRequest extends MappingOptions {
  readonly kind: 'replace-rules';
}

/** What a command that follows the records asks. */
export type FollowRequest =
  /** The records of an MQTT topic filter; answered with the id for the other two. Refused with CONTROL_FAILED or USAGE_INVALID. */
  | { readonly kind: 'follow'; readonly filter: string; readonly withPayloads: boolean }
  /** Answered within a second with FollowedRecords. */
  | { readonly kind: 'follow-next'; readonly id: number }
  | { readonly kind: 'follow-end'; readonly id: number };

/** A change of a field in the store; answered with FieldChangeResult. Refused as `Sink.changeField`. */
export interface ChangeFieldRequest {
  readonly kind: 'change-field';
  readonly change: FieldChange;
}

/** What `sluice windows` asks; refused with USAGE_INVALID where no windows are computed. */
export type WindowsRequest =
  /** Answered with WindowsReport. */
  | { readonly kind: 'windows-list' }
  /** Answered with RebuildResult when the windows are marked; they are computed later. */
  | { readonly kind: 'windows-rebuild'; readonly request: RebuildRequest };

/** Queries of users; one runs at a time. */
export type QueryRequest =
  /** Answered with StoreQueryAnswer; refused as by StoreQueries, and with SINK_QUERY_UNSUPPORTED. */
  | { readonly kind: 'query'; readonly id: string; readonly query: StoreQuery }
  /** The one who asked is gone. */
  | { readonly kind: 'query-end'; readonly id: string }
  /** Answered with the bytes that are written of the query that runs. */
  | { readonly kind: 'query-progress' };

/** What becomes of the messages that the live page shows; answered with ArrivalsAnswer. */
export interface ArrivalsRequest {
  readonly kind: 'arrivals';
  readonly question: ArrivalsQuestion;
}

/** What is answered beside the path of the records. */
export type SideRequest =
  | StoreRequest
  | ReplayRequest
  | FollowRequest
  | ChangeFieldRequest
  | WindowsRequest
  | QueryRequest
  | ArrivalsRequest;
/** Everything that the worker can be asked. */
export type ConsumeRequest = SideRequest | ReplaceRulesRequest;
export type ConsumeAnswer =
  | StoreAnswer
  | ReplayAnswer
  | FollowedRecords
  | FieldChangeResult
  | WindowsReport
  | RebuildResult
  | StoreQueryAnswer
  | ArrivalsAnswer;

/** The leases of this process. */
export interface LeaseReport {
  readonly held: number;
  /** Counted since the start, as are the next two. */
  readonly taken: number;
  readonly lost: number;
  readonly released: number;
  /** How many consumers are alive, this one included. */
  readonly workers: number;
}
