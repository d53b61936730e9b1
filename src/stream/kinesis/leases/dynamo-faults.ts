import { errorText, SluiceError, systemErrorCode } from '../../../errors.js';

/** Errors of the service that pass by themselves, though their HTTP status says the request was wrong. */
const PASSING = new Set([
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
]);

const REMEDY: Readonly<Record<string, string>> = {
  ResourceNotFoundException: 'the table is gone; it is created at the next start',
  CredentialsProviderError: 'no AWS credentials were found',
  AccessDeniedException:
    'the role needs dynamodb:DescribeTable, CreateTable, Scan, GetItem, UpdateItem and DeleteItem on it',
};

/** Anything the SDK throws as LEASE_TABLE_UNREACHABLE or LEASE_TABLE_UNUSABLE. */
export function leaseTableFault(thrown: unknown, table: string): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  const name = thrown instanceof Error ? thrown.name : '';
  const words = `${name === '' || name === 'Error' ? '' : `${name}: `}${errorText(thrown)}`;
  if (isPassing(thrown, name)) {
    return new SluiceError(
      'LEASE_TABLE_UNREACHABLE',
      `the lease table "${table}" cannot be reached: ${words}`,
      {
        cause: thrown,
      },
    );
  }
  const remedy = REMEDY[name];
  return new SluiceError(
    'LEASE_TABLE_UNUSABLE',
    `the lease table "${table}" cannot be used: ${words}${remedy === undefined ? '' : ` (${remedy})`}`,
    { cause: thrown },
  );
}

function isPassing(thrown: unknown, name: string): boolean {
  if (PASSING.has(name)) return true;
  const { $metadata, $fault } = (thrown ?? {}) as {
    $metadata?: { httpStatusCode?: number };
    $fault?: 'client' | 'server';
  };
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500 || status === 429;
  if ($fault !== undefined) return $fault === 'server';
  // No answer at all: refused, reset, name not found for the moment, closed in the middle of an answer.
  return systemErrorCode(thrown) !== undefined;
}
