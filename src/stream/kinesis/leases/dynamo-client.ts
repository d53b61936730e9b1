import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { errorText, SluiceError } from '../../../errors.js';
import { localDefaults } from '../local-defaults.js';

export type DynamoSdk = typeof import('@aws-sdk/client-dynamodb');

export interface DynamoLeaseOptions {
  readonly table: string;
  /** Absent: as the AWS SDK finds it. */
  readonly region?: string;
  /** Only for a local DynamoDB. */
  readonly endpoint?: string;
  /** Of one request; twice a write and a read have to fit into the fail-over time. 2,000 by default. */
  readonly requestTimeoutMs?: number;
}

export const DEFAULT_REQUEST_TIMEOUT_MS = 2_000;
const SILENT = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** The SDK is an optional dependency, loaded only where leases are used. Throws LEASE_TABLE_UNUSABLE without it. */
export async function loadDynamoSdk(
  load: () => Promise<DynamoSdk> = () => import('@aws-sdk/client-dynamodb'),
): Promise<DynamoSdk> {
  try {
    return await load();
  } catch (thrown) {
    throw new SluiceError(
      'LEASE_TABLE_UNUSABLE',
      `leases in DynamoDB need a package that is not installed: npm install @aws-sdk/client-dynamodb (${errorText(thrown)})`,
      { cause: thrown },
    );
  }
}

export function dynamoClient(
  sdk: DynamoSdk,
  options: DynamoLeaseOptions,
  environment: NodeJS.ProcessEnv = process.env,
): DynamoDBClient {
  const requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const pool = { keepAlive: true, maxSockets: 16 };
  // HTTP/1.1, because HTTP/2 keeps a connection whose peer has stopped answering. Without throwOnRequestTimeout a
  // call without an answer only warns and hangs; without socketTimeout one whose answer stops in the middle does.
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: Math.min(2_000, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
    socketTimeout: requestTimeoutMs,
    httpAgent: pool,
    httpsAgent: pool,
    logger: SILENT,
  });
  // The SDK warns that its releases from 2027 on need Node 22; the version here is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const { region, endpoint } = options;
  return new sdk.DynamoDBClient({
    maxAttempts: 1,
    requestHandler,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...localDefaults(options, environment),
  });
}
