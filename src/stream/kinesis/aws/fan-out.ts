import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Consumer,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttp2Handler } from '@smithy/node-http-handler';
import { SluiceError } from '../../../lib/errors.js';
import { KINESIS_ANSWERS, withBoundedAnswers } from '../bounded-answers.js';
import { CredentialRenewal } from '../credential-renewal.js';
import type { FanOutApi, FanOutPage, IteratorStart } from '../kinesis-api.js';
import {
  type AwsKinesisOptions,
  clientWith,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_REQUEST_TIMEOUT_MS,
  http1Handler,
  kinesisClient,
} from './kinesis-client.js';
import { startFields } from './kinesis-shapes.js';
import { OpenCalls } from './open-calls.js';
import { subscriptionPages } from './subscription-pages.js';

export interface AwsFanOutOptions extends AwsKinesisOptions {
  /** A subscription without any page, even an empty one, for this long is ended: 35,000 by default, as in KCL. */
  readonly idleTimeoutMs?: number;
  /** `h1` by default for an endpoint with http, which only stand-ins have, and they do not support HTTP/2 on it. */
  readonly http?: 'h1' | 'h2';
  /** How long to wait before asking again for a consumer that is not ACTIVE yet; 1,000 by default. */
  readonly registrationPollMs?: number;
}

const DEFAULT_IDLE_TIMEOUT_MS = 35_000;
const DEFAULT_REGISTRATION_POLL_MS = 1_000;
const REGISTRATION_POLLS = 60;
/** Kinesis ends a subscription after 5 minutes; the sixth minute is a reserve for the network. */
const SUBSCRIPTION_LIFE_MS = 6 * 60_000;

/** AwsFanOut is enhanced fan-out of one stream. Each subscription has its own HTTP/2 connection, as SubscribeToShard requires. */
export class AwsFanOut implements FanOutApi {
  readonly #options: AwsFanOutOptions;
  readonly #client: KinesisClient;
  readonly #subscriber: KinesisClient;
  readonly #calls: OpenCalls;
  /** Bounds the time until the answer to a subscription begins: its transport has no time-out for that. */
  readonly #subscribing: OpenCalls;
  readonly #subscriptions = new Set<AbortController>();

  constructor(options: AwsFanOutOptions, environment: NodeJS.ProcessEnv = process.env) {
    this.#options = options;
    this.#client = kinesisClient(options, environment);
    this.#subscriber = clientWith(options, subscriptionTransport(options), environment);
    this.#calls = new OpenCalls(options.streamName, undefined, new CredentialRenewal(this.#client));
    const { connectTimeoutMs, requestTimeoutMs } = options;
    this.#subscribing = new OpenCalls(
      options.streamName,
      (connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS) + (requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS),
      new CredentialRenewal(this.#subscriber),
    );
  }

  async registerConsumer(name: string): Promise<string> {
    const streamArn = await this.#streamArn();
    for (let poll = 1; poll <= REGISTRATION_POLLS; poll += 1) {
      const consumer =
        (await this.#describeConsumer(streamArn, name)) ?? (await this.#register(streamArn, name));
      if (consumer.ConsumerStatus === 'ACTIVE' && consumer.ConsumerARN !== undefined)
        return consumer.ConsumerARN;
      await sleep(this.#options.registrationPollMs ?? DEFAULT_REGISTRATION_POLL_MS);
    }
    throw this.#failure('KINESIS_STREAM_BUSY', `consumer ${name} is still not ACTIVE`);
  }

  async *subscribe(
    consumerArn: string,
    shardId: string,
    start: IteratorStart,
    signal: AbortSignal,
  ): AsyncIterable<FanOutPage> {
    if (signal.aborted) return;
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#subscriptions.add(controller);
    try {
      const { type, sequenceNumber, timestamp } = startFields(start);
      const answer = await this.#subscribing.run('SubscribeToShard', (callSignal) => {
        callSignal.addEventListener('abort', abort, { once: true });
        return this.#subscriber.send(
          new SubscribeToShardCommand({
            ConsumerARN: consumerArn,
            ShardId: shardId,
            StartingPosition: {
              Type: type,
              SequenceNumber: sequenceNumber,
              Timestamp: timestamp,
            },
          }),
          { abortSignal: controller.signal },
        );
      });
      if (answer.EventStream === undefined)
        throw this.#failure('KINESIS_UNREACHABLE', 'no pages in the answer');
      yield* subscriptionPages(answer.EventStream, {
        streamName: this.#options.streamName,
        idleTimeoutMs: this.#options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
        signal: controller.signal,
      });
    } catch (thrown) {
      if (signal.aborted) return;
      throw thrown;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#subscriptions.delete(controller);
      // The connection is closed also when the reader leaves the iteration early.
      controller.abort();
    }
  }

  /** Ends the subscriptions; calls in flight reject with KINESIS_UNREACHABLE. */
  close(): void {
    this.#calls.close();
    this.#subscribing.close();
    for (const controller of this.#subscriptions) controller.abort();
    this.#client.destroy();
    this.#subscriber.destroy();
  }

  async #streamArn(): Promise<string> {
    const answer = await this.#calls.run('DescribeStreamSummary', (abortSignal) =>
      this.#client.send(new DescribeStreamSummaryCommand({ StreamName: this.#options.streamName }), {
        abortSignal,
      }),
    );
    const arn = answer.StreamDescriptionSummary?.StreamARN;
    if (arn === undefined) throw this.#failure('KINESIS_UNREACHABLE', 'no ARN in the answer');
    return arn;
  }

  /** Resolves with undefined when there is no such consumer. */
  async #describeConsumer(streamArn: string, name: string): Promise<Partial<Consumer> | undefined> {
    try {
      const answer = await this.#calls.run('DescribeStreamConsumer', (abortSignal) =>
        this.#client.send(new DescribeStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: name }), {
          abortSignal,
        }),
      );
      return answer.ConsumerDescription ?? {};
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.code === 'KINESIS_STREAM_MISSING') return undefined;
      throw thrown;
    }
  }

  async #register(streamArn: string, name: string): Promise<Partial<Consumer>> {
    try {
      const answer = await this.#calls.run('RegisterStreamConsumer', (abortSignal) =>
        this.#client.send(new RegisterStreamConsumerCommand({ StreamARN: streamArn, ConsumerName: name }), {
          abortSignal,
        }),
      );
      return answer.Consumer ?? {};
    } catch (thrown) {
      // Another process has registered it meanwhile.
      if (thrown instanceof SluiceError && thrown.code === 'KINESIS_STREAM_BUSY') return {};
      throw thrown;
    }
  }

  #failure(code: 'KINESIS_UNREACHABLE' | 'KINESIS_STREAM_BUSY', reason: string): SluiceError {
    return new SluiceError(code, `fan-out of stream ${this.#options.streamName}: ${reason}`);
  }
}

function subscriptionTransport(options: AwsFanOutOptions) {
  const http = options.http ?? (options.endpoint?.startsWith('http:') === true ? 'h1' : 'h2');
  // Each subscription holds a socket for 5 minutes: the pool's limit for calls would starve them.
  if (http === 'h1') {
    return http1Handler({
      ...options,
      maxSockets: Number.POSITIVE_INFINITY,
      requestTimeoutMs: SUBSCRIPTION_LIFE_MS,
    });
  }
  // The idle time-out would be too short here: it would end a healthy subscription that the reader holds back.
  return withBoundedAnswers(new NodeHttp2Handler({ sessionTimeout: SUBSCRIPTION_LIFE_MS }), KINESIS_ANSWERS);
}
