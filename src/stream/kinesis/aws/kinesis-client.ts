import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { KINESIS_ANSWERS, withBoundedAnswers } from '../bounded-answers.js';
import { freshCredentials } from '../credential-renewal.js';
import { localDefaults } from '../local-defaults.js';

export const DEFAULT_REQUEST_TIMEOUT_MS = 5_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 2_000;
const DEFAULT_MAX_SOCKETS = 16;

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Creates a client with one pool of kept-alive HTTP/1.1 connections and without retries, which are the caller's decision. */
export function kinesisClient(
  options: AwsKinesisOptions,
  environment: NodeJS.ProcessEnv = process.env,
): KinesisClient {
  return clientWith(options, http1Handler(options), environment);
}

/**
 * HTTP/1.1, because HTTP/2 keeps a connection whose peer has stopped answering, and every later call dies on it
 * (@smithy/node-http-handler 4.14.2). Without `throwOnRequestTimeout` a call that gets no answer only warns and hangs;
 * without `socketTimeout` a call whose answer stops in the middle hangs. The handler must be an instance: a plain
 * object would be read as options of the HTTP/2 handler.
 */
export function http1Handler(options: AwsKinesisOptions): NodeHttpHandler {
  const requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const pool = { keepAlive: true, maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS };
  const handler = new NodeHttpHandler({
    connectionTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
    socketTimeout: requestTimeoutMs,
    httpAgent: pool,
    httpsAgent: pool,
    // The default logger writes to the console when all sockets are in use, which is no fault.
    logger: SILENT,
  });
  return withBoundedAnswers(handler, KINESIS_ANSWERS);
}

export function clientWith(
  options: AwsKinesisOptions,
  requestHandler: NonNullable<KinesisClientConfig['requestHandler']>,
  environment: NodeJS.ProcessEnv,
): KinesisClient {
  // With its first client the SDK warns that releases from 2027 on need Node 22. The version is pinned here, and the
  // users of Sluice cannot do anything about it. The SDK reads this variable; a value that is set stays.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const { region, endpoint } = options;
  return new KinesisClient({
    maxAttempts: 1,
    requestHandler,
    region,
    endpoint,
    credentialDefaultProvider: freshCredentials(
      () => new KinesisClient({ region: 'us-east-1' }).config.credentialDefaultProvider,
    ),
    ...localDefaults(options, environment),
  });
}

export interface AwsKinesisOptions {
  readonly streamName: string;
  /** When absent, the AWS SDK finds it. */
  readonly region?: string;
  /** Only for a local Kinesis, or a VPC endpoint. */
  readonly endpoint?: string;
  /** How long to wait until an answer begins, and between two pieces of it. 5,000 by default. */
  readonly requestTimeoutMs?: number;
  /** 2,000 by default. */
  readonly connectTimeoutMs?: number;
  /** 16 by default; further calls wait for a socket, within their time-out. */
  readonly maxSockets?: number;
}
