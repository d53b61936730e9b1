import type { AwsKinesis } from './aws-kinesis.js';
import type { AwsFanOut } from './fan-out.js';

/** KinesisTarget names a stream and where it is. */
export interface KinesisTarget {
  readonly name: string;
  readonly region?: string;
  /** Only for a local Kinesis. */
  readonly endpoint?: string;
}

/** Loads the SDK only when it is used: it takes start-up time and memory that direct mode must not spend. */
export async function connectKinesis(target: KinesisTarget): Promise<AwsKinesis> {
  const { AwsKinesis: Client } = await import('./aws-kinesis.js');
  return new Client(clientOptions(target));
}

export async function connectFanOut(target: KinesisTarget): Promise<AwsFanOut> {
  const { AwsFanOut: Client } = await import('./fan-out.js');
  return new Client(clientOptions(target));
}

function clientOptions({ name, region, endpoint }: KinesisTarget) {
  return { streamName: name, region, endpoint };
}
