export interface AwsKinesisOptions {
  readonly streamName: string;
  /** Absent: as the AWS SDK finds it. */
  readonly region?: string;
  /** Only for a local Kinesis, or a VPC endpoint. */
  readonly endpoint?: string;
  /** Until an answer begins, and between two pieces of it. 5,000 by default. */
  readonly requestTimeoutMs?: number;
  /** 2,000 by default. */
  readonly connectTimeoutMs?: number;
  /** 16 by default; further calls wait for one, within their time-out. */
  readonly maxSockets?: number;
}
