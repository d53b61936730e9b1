import type {
  AttributeValue,
  DynamoDBClient,
  TableDescription,
  WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { SluiceError } from '../../../lib/errors.js';
import { StoppedEarly, unlessStopped } from '../../../lib/lifecycle.js';
import { type Pause, pause } from '../../../lib/timers.js';
import { CredentialRenewal } from '../credential-renewal.js';
import {
  DEFAULT_REQUEST_TIMEOUT_MS,
  type DynamoLeaseOptions,
  type DynamoSdk,
  dynamoClient,
  dynamoOfRow,
  Expression,
  leaseTableFault,
  loadDynamoSdk,
  rowOfDynamo,
} from './dynamo-client.js';
import { ATTRIBUTE } from './lease-row.js';
import type { LeaseRows, Row, RowChange, RowCondition } from './lease-rows.js';
import { forEachLimited } from './wakeable-loop.js';

/** A new table is usually ready within seconds. */
const POLL_TABLE_EVERY_MS = 250;
const TABLE_READY_WITHIN_MS = 60_000;
/** The most that DynamoDB takes at once. */
const ROWS_PER_BATCH = 25;
const PARALLEL_BATCHES = 8;
const MAX_BATCH_TRIES = 5;
const BATCH_RETRY_MS = 25;

export interface DynamoLeaseParts {
  /** Loads the optional SDK. */
  readonly load?: () => Promise<DynamoSdk>;
  readonly sleep?: Pause;
}

interface Connection {
  readonly sdk: DynamoSdk;
  readonly client: DynamoDBClient;
  readonly credentials: CredentialRenewal;
}

/** DynamoLeaseRows keeps the rows in DynamoDB or in a local stand-in. It does not connect before the first call. */
export class DynamoLeaseRows implements LeaseRows {
  readonly #options: DynamoLeaseOptions;
  readonly #table: string;
  readonly #load: (() => Promise<DynamoSdk>) | undefined;
  readonly #sleep: Pause;
  readonly #calls = new Set<AbortController>();
  #isClosed = false;
  #connection: Promise<Connection> | undefined;

  constructor(options: DynamoLeaseOptions, parts: DynamoLeaseParts = {}) {
    this.#options = options;
    this.#table = options.table;
    this.#load = parts.load;
    this.#sleep = parts.sleep ?? pause;
  }

  async prepare(): Promise<void> {
    let table = await this.#describe();
    if (table === undefined) {
      await this.#create();
      table = await this.#describe();
    }
    for (let waitedMs = 0; table?.TableStatus !== 'ACTIVE' && table?.TableStatus !== 'UPDATING'; ) {
      if (waitedMs >= TABLE_READY_WITHIN_MS) throw this.#notReady(table?.TableStatus);
      await this.#sleep(POLL_TABLE_EVERY_MS);
      waitedMs += POLL_TABLE_EVERY_MS;
      table = await this.#describe();
    }
    this.#checkKey(table);
  }

  async scan(): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let from: Record<string, AttributeValue> | undefined;
    do {
      const input = { TableName: this.#table, ConsistentRead: true, ExclusiveStartKey: from };
      const page = await this.#call(({ sdk, client }, options) =>
        client.send(new sdk.ScanCommand(input), options),
      );
      for (const attributes of page.Items ?? []) rows.push(rowOfDynamo(attributes));
      from = page.LastEvaluatedKey;
    } while (from !== undefined);
    return rows;
  }

  async get(key: string): Promise<Row | undefined> {
    const { Item } = await this.#call(({ sdk, client }, options) =>
      client.send(
        new sdk.GetItemCommand({ TableName: this.#table, Key: keyOf(key), ConsistentRead: true }),
        options,
      ),
    );
    return Item === undefined ? undefined : rowOfDynamo(Item);
  }

  async write(key: string, change: RowChange): Promise<boolean> {
    const expression = new Expression();
    const update = expression.update(change);
    const condition = change.when === undefined ? undefined : expression.condition(change.when);
    return this.#conditional(({ sdk, client }, options) =>
      client.send(
        new sdk.UpdateItemCommand({
          TableName: this.#table,
          Key: keyOf(key),
          UpdateExpression: update,
          ConditionExpression: condition,
          ExpressionAttributeNames: expression.names,
          ExpressionAttributeValues: expression.values,
        }),
        options,
      ),
    );
  }

  async putAll(rows: readonly Row[]): Promise<void> {
    const batches: (readonly Row[])[] = [];
    for (let at = 0; at < rows.length; at += ROWS_PER_BATCH)
      batches.push(rows.slice(at, at + ROWS_PER_BATCH));
    const [failure] = await forEachLimited(batches, PARALLEL_BATCHES, (batch) => this.#putBatch(batch));
    if (failure !== undefined) throw failure;
  }

  /** DynamoDB may leave some of a batch undone when it is throttled. */
  async #putBatch(rows: readonly Row[]): Promise<void> {
    let left: WriteRequest[] = rows.map((row) => ({ PutRequest: { Item: dynamoOfRow(row) } }));
    for (let tries = 0; tries < MAX_BATCH_TRIES; tries += 1) {
      if (tries > 0) await this.#sleep(BATCH_RETRY_MS * 2 ** tries);
      const input = { RequestItems: { [this.#table]: left } };
      const { UnprocessedItems } = await this.#call(({ sdk, client }, options) =>
        client.send(new sdk.BatchWriteItemCommand(input), options),
      );
      left = UnprocessedItems?.[this.#table] ?? [];
      if (left.length === 0) return;
    }
    throw new SluiceError(
      'LEASE_TABLE_UNREACHABLE',
      `the DynamoDB table "${this.#table}" is throttled: ${left.length} rows were not written`,
    );
  }

  async remove(key: string, when: RowCondition): Promise<boolean> {
    const expression = new Expression();
    const condition = expression.condition(when);
    return this.#conditional(({ sdk, client }, options) =>
      client.send(
        new sdk.DeleteItemCommand({
          TableName: this.#table,
          Key: keyOf(key),
          ConditionExpression: condition,
          ExpressionAttributeNames: expression.names,
          ExpressionAttributeValues: expression.values,
        }),
        options,
      ),
    );
  }

  /** Calls in flight reject with LEASE_TABLE_UNREACHABLE. */
  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls) call.abort();
    void this.#connection?.then(({ client }) => client.destroy()).catch(() => {});
  }

  async #describe(): Promise<TableDescription | undefined> {
    try {
      const { Table } = await this.#call(({ sdk, client }, options) =>
        client.send(new sdk.DescribeTableCommand({ TableName: this.#table }), options),
      );
      return Table;
    } catch (thrown) {
      if (isNamed(thrown, 'ResourceNotFoundException')) return undefined;
      throw thrown;
    }
  }

  async #create(): Promise<void> {
    try {
      await this.#call(({ sdk, client }, options) =>
        client.send(
          new sdk.CreateTableCommand({
            TableName: this.#table,
            BillingMode: 'PAY_PER_REQUEST',
            AttributeDefinitions: [{ AttributeName: ATTRIBUTE.key, AttributeType: 'S' }],
            KeySchema: [{ AttributeName: ATTRIBUTE.key, KeyType: 'HASH' }],
          }),
          options,
        ),
      );
    } catch (thrown) {
      // Another worker was faster.
      if (!isNamed(thrown, 'ResourceInUseException')) throw thrown;
    }
  }

  #checkKey(table: TableDescription): void {
    const keys = (table.KeySchema ?? []).map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`);
    const type = table.AttributeDefinitions?.find((a) => a.AttributeName === ATTRIBUTE.key)?.AttributeType;
    if (keys.length === 1 && keys[0] === `${ATTRIBUTE.key} HASH` && type === 'S') return;
    throw new SluiceError(
      'LEASE_TABLE_UNUSABLE',
      `the DynamoDB table "${this.#table}" is not a lease table: its key is ${keys.join(', ')} and has to be ` +
        `${ATTRIBUTE.key} (a string) alone. Name another table`,
    );
  }

  #notReady(status: string | undefined): SluiceError {
    return new SluiceError(
      'LEASE_TABLE_UNREACHABLE',
      `the DynamoDB table "${this.#table}" is ${status ?? 'missing'} after ${TABLE_READY_WITHIN_MS / 1000} s`,
    );
  }

  async #conditional(run: Run<unknown>): Promise<boolean> {
    try {
      await this.#call(run);
      return true;
    } catch (thrown) {
      if (isNamed(thrown, 'ConditionalCheckFailedException')) return false;
      throw thrown;
    }
  }

  async #call<T>(run: Run<T>): Promise<T> {
    this.#connection ??= this.#connect();
    const connection = await this.#connection;
    const limitMs = 2 * (this.#options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS);
    const call = new AbortController();
    this.#calls.add(call);
    const timer = setTimeout(() => call.abort(), limitMs);
    try {
      // The SDK does not look at the signal while it searches for credentials, which no time-out of the request covers.
      return await unlessStopped(sent(run, connection, call.signal), call.signal);
    } catch (thrown) {
      if (thrown instanceof StoppedEarly) throw this.#noAnswer(limitMs);
      throw leaseTableFault(thrown, this.#table);
    } finally {
      clearTimeout(timer);
      this.#calls.delete(call);
    }
  }

  #noAnswer(limitMs: number): SluiceError {
    const why = this.#isClosed ? 'the client is closed' : `no answer within ${limitMs} ms`;
    return new SluiceError(
      'LEASE_TABLE_UNREACHABLE',
      `the lease table "${this.#table}" cannot be reached: ${why}`,
    );
  }

  async #connect(): Promise<Connection> {
    const sdk = await loadDynamoSdk(this.#load);
    const client = dynamoClient(sdk, this.#options);
    return { sdk, client, credentials: new CredentialRenewal(client) };
  }
}

/** Sends once more when the credentials were refused and there are others by then. */
async function sent<T>(run: Run<T>, connection: Connection, abortSignal: AbortSignal): Promise<T> {
  const { credentials } = connection;
  const { generation } = credentials;
  try {
    return await run(connection, { abortSignal });
  } catch (thrown) {
    if (abortSignal.aborted || !(await credentials.renewed(thrown, generation))) throw thrown;
    return run(connection, { abortSignal });
  }
}

type Run<T> = (connection: Connection, options: { readonly abortSignal: AbortSignal }) => Promise<T>;

const keyOf = (key: string) => ({ [ATTRIBUTE.key]: { S: key } });

/** Compares the name that the service gave the error, which is the cause of ours. */
function isNamed(thrown: unknown, name: string): boolean {
  return thrown instanceof SluiceError && thrown.cause instanceof Error && thrown.cause.name === name;
}
