import { type ErrorCode, errorText, SluiceError, systemErrorCode } from '../../../lib/errors.js';
import { EXPIRED_CREDENTIALS, WRONG_CREDENTIALS } from '../credential-renewal.js';

/** KinesisCall is the operation, as IAM names it after `kinesis:`. */
export type KinesisCall =
  | 'PutRecords'
  | 'ListShards'
  | 'GetShardIterator'
  | 'GetRecords'
  | 'DescribeStreamSummary'
  | 'CreateStream'
  | 'DeleteStream'
  | 'DescribeStreamConsumer'
  | 'RegisterStreamConsumer'
  | 'SubscribeToShard';

export interface FailedCall {
  readonly call: KinesisCall;
  readonly streamName: string;
}

type KinesisErrorCode = Extract<ErrorCode, `KINESIS_${string}`>;

/**
 * The code for each name of an SDK error. KINESIS_REQUEST_REFUSED is only for what is wrong in the request itself: the
 * producer parks a record for it, and the reader gives up its position. No error of a wrong configuration may have it.
 */
const BY_NAME: Readonly<Record<string, KinesisErrorCode>> = {
  ProvisionedThroughputExceededException: 'KINESIS_THROTTLED',
  LimitExceededException: 'KINESIS_THROTTLED',
  KMSThrottlingException: 'KINESIS_THROTTLED',
  Throttling: 'KINESIS_THROTTLED',
  ThrottlingException: 'KINESIS_THROTTLED',
  ThrottledException: 'KINESIS_THROTTLED',
  RequestThrottled: 'KINESIS_THROTTLED',
  RequestThrottledException: 'KINESIS_THROTTLED',
  RequestLimitExceeded: 'KINESIS_THROTTLED',
  TooManyRequestsException: 'KINESIS_THROTTLED',
  SlowDown: 'KINESIS_THROTTLED',

  InternalFailure: 'KINESIS_UNREACHABLE',
  InternalFailureException: 'KINESIS_UNREACHABLE',
  InternalServerError: 'KINESIS_UNREACHABLE',
  ServiceUnavailable: 'KINESIS_UNREACHABLE',
  ServiceUnavailableException: 'KINESIS_UNREACHABLE',
  TimeoutError: 'KINESIS_UNREACHABLE',
  RequestTimeout: 'KINESIS_UNREACHABLE',
  RequestTimeoutException: 'KINESIS_UNREACHABLE',
  AbortError: 'KINESIS_UNREACHABLE',
  ExpiredNextTokenException: 'KINESIS_UNREACHABLE',
  UnboundedAnswerError: 'KINESIS_UNREACHABLE',

  ResourceInUseException: 'KINESIS_STREAM_BUSY',
  ResourceNotFoundException: 'KINESIS_STREAM_MISSING',
  ExpiredIteratorException: 'KINESIS_ITERATOR_EXPIRED',

  AccessDeniedException: 'KINESIS_DENIED',
  AccessDenied: 'KINESIS_DENIED',
  NotAuthorized: 'KINESIS_DENIED',
  UnauthorizedOperation: 'KINESIS_DENIED',
  KMSAccessDeniedException: 'KINESIS_DENIED',
  KMSDisabledException: 'KINESIS_DENIED',
  KMSInvalidStateException: 'KINESIS_DENIED',
  KMSNotFoundException: 'KINESIS_DENIED',
  KMSOptInRequired: 'KINESIS_DENIED',
  CredentialsProviderError: 'KINESIS_DENIED',
  TokenProviderError: 'KINESIS_DENIED',
  UnrecognizedClientException: 'KINESIS_DENIED',
  InvalidClientTokenId: 'KINESIS_DENIED',
  InvalidSignatureException: 'KINESIS_DENIED',
  SignatureDoesNotMatch: 'KINESIS_DENIED',
  IncompleteSignature: 'KINESIS_DENIED',
  IncompleteSignatureException: 'KINESIS_DENIED',
  MissingAuthenticationToken: 'KINESIS_DENIED',
  MissingAuthenticationTokenException: 'KINESIS_DENIED',
  ExpiredToken: 'KINESIS_DENIED',
  ExpiredTokenException: 'KINESIS_DENIED',
  RequestExpired: 'KINESIS_DENIED',
  OptInRequired: 'KINESIS_DENIED',
  SubscriptionRequiredException: 'KINESIS_DENIED',

  InvalidArgumentException: 'KINESIS_REQUEST_REFUSED',
  ValidationException: 'KINESIS_REQUEST_REFUSED',
  SerializationException: 'KINESIS_REQUEST_REFUSED',
};

/** Makes anything that a call of the SDK throws a SluiceError of one of the KINESIS_ codes. */
export function kinesisFailure(thrown: unknown, failed: FailedCall): SluiceError {
  if (thrown instanceof SluiceError) return thrown;
  const code = isLostSequenceNumber(thrown, failed.call) ? 'KINESIS_REQUEST_REFUSED' : kinesisCode(thrown);
  return new SluiceError(code, message(code, thrown, failed), { cause: thrown });
}

function kinesisCode(thrown: unknown): KinesisErrorCode {
  const { $metadata, $fault } = (thrown ?? {}) as {
    $metadata?: { httpStatusCode?: number; clockSkewCorrected?: boolean };
    $fault?: 'client' | 'server';
  };
  // The SDK has learned the server's time from this answer: the next signature will be valid.
  if ($metadata?.clockSkewCorrected === true) return 'KINESIS_UNREACHABLE';
  const byName = BY_NAME[errorName(thrown)];
  if (byName !== undefined) return byName;
  const status = $metadata?.httpStatusCode;
  if (status === 429) return 'KINESIS_THROTTLED';
  if (status === 413) return 'KINESIS_REQUEST_REFUSED';
  if (status !== undefined && status >= 400 && status < 500 && status !== 408) return 'KINESIS_DENIED';
  if (status === undefined && ($fault === 'client' || isUnfinishedSetup(thrown))) return 'KINESIS_DENIED';
  // 5xx, an unreadable answer, or a failure of the network: it is unknown whether the call was done.
  return 'KINESIS_UNREACHABLE';
}

/**
 * Returns whether the call named a sequence number that the stream does not have, because it was trimmed or is of an
 * earlier stream with that name. Kinesis answers InvalidArgumentException; kinesis-local 0.6.2 answers as for a missing
 * shard, which is a different problem.
 */
function isLostSequenceNumber(thrown: unknown, call: KinesisCall): boolean {
  return (
    call === 'GetShardIterator' &&
    errorName(thrown) === 'ResourceNotFoundException' &&
    /\bprovided SequenceNumber\b/.test(errorText(thrown))
  );
}

/** "Region is missing" and similar problems are plain errors that the SDK throws before it sends anything. */
function isUnfinishedSetup(thrown: unknown): boolean {
  return (
    errorName(thrown) === 'Error' && /^(Region|Credential|Endpoint|Invalid region)\b/i.test(errorText(thrown))
  );
}

function message(code: KinesisErrorCode, thrown: unknown, { call, streamName }: FailedCall): string {
  const name = errorName(thrown);
  const status = (thrown as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
  const facts = [
    name === 'Error' || name === '' ? systemErrorCode(thrown) : name,
    status === undefined || status === 200 ? undefined : `HTTP ${status}`,
  ].filter((fact) => fact !== undefined);
  const words = `${call} on stream ${streamName}: ${reason(thrown)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
  const remedy = code === 'KINESIS_DENIED' ? deniedRemedy(name, call) : undefined;
  return remedy === undefined ? words : `${words}; ${remedy}`;
}

/** A refused connection to a host name with several addresses is an AggregateError without a message. */
function reason(thrown: unknown): string {
  const own = errorText(thrown).split('\n', 1)[0]!.trim();
  if (own !== '' && own !== 'UnknownError') return own;
  if (thrown instanceof AggregateError) return thrown.errors.map(errorText).join(', ');
  return 'no reason given';
}

const CREDENTIAL_NAMES =
  /^(CredentialsProviderError|TokenProviderError|UnrecognizedClient|InvalidClientTokenId|MissingAuthentication)/;
const SIGNATURE_NAMES = /^(InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|RequestExpired)/;
const PERMISSION_NAMES = /^(AccessDenied|NotAuthorized|UnauthorizedOperation)/;

function deniedRemedy(name: string, call: KinesisCall): string | undefined {
  if (PERMISSION_NAMES.test(name)) return `the role needs kinesis:${call} on the stream`;
  if (name.startsWith('KMS')) {
    const action = call === 'PutRecords' ? 'kms:GenerateDataKey' : 'kms:Decrypt';
    return `the stream's KMS key must be enabled and the role needs ${action} on it`;
  }
  if (name.startsWith('ExpiredToken')) return EXPIRED_CREDENTIALS;
  if (CREDENTIAL_NAMES.test(name)) return WRONG_CREDENTIALS;
  if (SIGNATURE_NAMES.test(name)) return 'is the secret key right, and the clock of this machine?';
  if (name === 'Error') return 'set stream.kinesis.region or AWS_REGION';
  if (name === 'OptInRequired' || name.startsWith('SubscriptionRequired'))
    return 'the account has no Kinesis';
  if (name.startsWith('UnknownOperation')) return `this Kinesis does not have ${call}`;
  return 'is stream.kinesis.endpoint a Kinesis?';
}

function errorName(thrown: unknown): string {
  const name = (thrown as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? name : '';
}
