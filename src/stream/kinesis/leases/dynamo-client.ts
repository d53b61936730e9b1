import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { errorText, SluiceError, systemErrorCode } from '../../../lib/errors.js';
import { DYNAMO_ANSWERS, withBoundedAnswers } from '../bounded-answers.js';
import { EXPIRED_CREDENTIALS, freshCredentials, WRONG_CREDENTIALS } from '../credential-renewal.js';
import { localDefaults } from '../local-defaults.js';
import type { Attribute, Row, RowChange, RowCondition } from './lease-rows.js';

export type DynamoSdk = typeof import('@aws-sdk/client-dynamodb');

export interface DynamoLeaseOptions {
  readonly table: string;
  /** When absent, the AWS SDK finds it. */
  readonly region?: string;
  /** Only for a local DynamoDB. */
  readonly endpoint?: string;
  /** For one request; a write and a read, twice, have to fit into the fail-over time. 2,000 by default. */
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
  // call that gets no answer only warns and hangs; without socketTimeout a call whose answer stops in the middle hangs.
  const handler = new NodeHttpHandler({
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
    requestHandler: withBoundedAnswers(handler, DYNAMO_ANSWERS),
    region,
    endpoint,
    credentialDefaultProvider: freshCredentials(
      () => new sdk.DynamoDBClient({ region: 'us-east-1' }).config.credentialDefaultProvider,
    ),
    ...localDefaults(options, environment),
  });
}

/** Errors of the service that are transient, though their HTTP status says that the request was wrong. */
const TRANSIENT = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TransactionConflictException',
  'TransactionInProgressException',
  'ReplicatedWriteConflictException',
  'ItemCollectionSizeLimitExceededException',
  'ResourceInUseException',
  'TimeoutError',
  'AbortError',
  'UnboundedAnswerError',
]);

const REMEDY: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'the table is gone; it is created at the next start',
  CredentialsProviderError: 'no AWS credentials were found',
  ExpiredTokenException: EXPIRED_CREDENTIALS,
  ExpiredToken: EXPIRED_CREDENTIALS,
  UnrecognizedClientException: WRONG_CREDENTIALS,
  InvalidSignatureException: WRONG_CREDENTIALS,
  AccessDeniedException:
    'the role needs dynamodb:DescribeTable, CreateTable, Scan, GetItem, UpdateItem and DeleteItem on it, and BatchWriteItem on a table of windows',
};

/** Makes anything that the SDK throws LEASE_TABLE_UNREACHABLE or LEASE_TABLE_UNUSABLE. */
export function leaseTableFault(thrown: unknown, table: string): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  const name = thrown instanceof Error ? thrown.name : '';
  const words = `${name === '' || name === 'Error' ? '' : `${name}: `}${errorText(thrown)}`;
  if (isTransient(thrown, name)) {
    const text = `the lease table "${table}" cannot be reached: ${words}`;
    return new SluiceError('LEASE_TABLE_UNREACHABLE', text, { cause: thrown });
  }
  const remedy = REMEDY[name];
  return new SluiceError(
    'LEASE_TABLE_UNUSABLE',
    `the lease table "${table}" cannot be used: ${words}${remedy === undefined ? '' : ` (${remedy})`}`,
    { cause: thrown },
  );
}

function isTransient(thrown: unknown, name: string): boolean {
  if (TRANSIENT.has(name)) return true;
  const { $metadata, $fault } = (thrown ?? {}) as {
    $metadata?: { httpStatusCode?: number };
    $fault?: 'client' | 'server';
  };
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500 || status === 429;
  if ($fault !== undefined) return $fault === 'server';
  // No answer at all: connection refused or reset, host name not found for the moment, answer cut off in the middle.
  return systemErrorCode(thrown) !== undefined;
}

/** Expression puts attributes under aliases (`#0`, `:0`), because some of KCL's names are reserved words of DynamoDB. */
export class Expression {
  readonly names: Record<string, string> = {};
  readonly values: Record<string, AttributeValue> = {};
  #next = 0;

  name(attribute: string): string {
    const alias = `#${this.#next++}`;
    this.names[alias] = attribute;
    return alias;
  }

  value(attribute: Attribute): string {
    const alias = `:${this.#next++}`;
    this.values[alias] = toDynamo(attribute);
    return alias;
  }

  condition(when: RowCondition): string {
    const terms = Object.entries(when).map(([name, is]) =>
      is === null ? `attribute_not_exists(${this.name(name)})` : `${this.name(name)} = ${this.value(is)}`,
    );
    return terms.join(' AND ');
  }

  update({ set, remove = [] }: RowChange): string {
    const assignments = Object.entries(set).map(([name, to]) => `${this.name(name)} = ${this.value(to)}`);
    const removals = remove.map((name) => this.name(name));
    const clauses = [`SET ${assignments.join(', ')}`];
    if (removals.length > 0) clauses.push(`REMOVE ${removals.join(', ')}`);
    return clauses.join(' ');
  }
}

export function toDynamo(value: Attribute): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  return { SS: [...value] };
}

export function dynamoOfRow(row: Row): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toDynamo(value)]));
}

/** Omits attributes of other types (KCL has some): nothing here reads them. */
export function rowOfDynamo(attributes: Readonly<Record<string, AttributeValue>>): Row {
  const row: Record<string, Attribute> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value.S !== undefined) row[name] = value.S;
    else if (value.N !== undefined) row[name] = Number(value.N);
    else if (value.SS !== undefined) row[name] = value.SS;
  }
  return row;
}
