import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { localDefaults } from '../local-defaults.js';
import type { AwsKinesisOptions } from './client-options.js';

export const DEFAULT_REQUEST_TIMEOUT_MS = 5_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 2_000;
const DEFAULT_MAX_SOCKETS = 16;

const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** One pool of kept-alive HTTP/1.1 connections, and no retries: the caller has the one policy for them. */
export function kinesisClient(
  options: AwsKinesisOptions,
  environment: NodeJS.ProcessEnv = process.env,
): KinesisClient {
  return clientWith(options, http1Handler(options), environment);
}

/**
 * HTTP/1.1, because HTTP/2 keeps a connection whose peer has stopped answering, and every later call dies on it
 * (@smithy/node-http-handler 4.14.2). Without `throwOnRequestTimeout` a call without an answer only warns and hangs;
 * without `socketTimeout` one whose answer stops in the middle does. The handler must be an instance: a plain
 * object is read as options of the HTTP/2 one.
 */
export function http1Handler(options: AwsKinesisOptions): NodeHttpHandler {
  const requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const pool = { keepAlive: true, maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS };
  return new NodeHttpHandler({
    connectionTimeout: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
    socketTimeout: requestTimeoutMs,
    httpAgent: pool,
    httpsAgent: pool,
    // Would write to the console when all sockets are in use, which is no fault.
    logger: SILENT,
  });
}

export function clientWith(
  options: AwsKinesisOptions,
  requestHandler: NonNullable<KinesisClientConfig['requestHandler']>,
  environment: NodeJS.ProcessEnv,
): KinesisClient {
  // The SDK warns at its first client that releases from 2027 on need Node 22. Whoever runs Sluice cannot act on
  // it, and the version is pinned; the SDK looks for this variable itself. A value that is set is left alone.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const { region, endpoint } = options;
  return new KinesisClient({
    maxAttempts: 1,
    requestHandler,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...localDefaults(options, environment),
  });
}
