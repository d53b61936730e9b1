import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';
import { type AnswerLimits, MAX_SHORT_ANSWER_BYTES } from '../../lib/bounded-answer.js';

const MIB = 2 ** 20;

/** GetRecords returns 10 MiB of data at most, which base64 and the other members of 10,000 records make larger. */
export const KINESIS_ANSWERS: AnswerLimits = { success: 32 * MIB, error: MAX_SHORT_ANSWER_BYTES };
/** Scan returns 1 MB of items at most; JSON makes them larger. */
export const DYNAMO_ANSWERS: AnswerLimits = { success: 16 * MIB, error: MAX_SHORT_ANSWER_BYTES };

const EVENT_STREAM = 'application/vnd.amazon.eventstream';
const FRAME_LENGTH_BYTES = 4;

/** The part of an HTTP handler of the AWS SDK that is used here. */
interface Handler {
  handle(...parameters: never[]): Promise<{ response: Response }>;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  body?: Readable;
}

/** Thrown for an answer that no AWS service sends. Its name makes it transient, like an answer that breaks off. */
class UnboundedAnswerError extends Error {
  override readonly name = 'UnboundedAnswerError';
}

/**
 * Makes an HTTP handler of the AWS SDK refuse answers that are larger than any of the service: the SDK collects a body of
 * any size. Of an endless stream of events it bounds each event, whose room the SDK allocates before the event arrives.
 * Returns the handler itself, because the SDK takes only an instance of its own class.
 */
export function withBoundedAnswers<Of extends Handler>(handler: Of, limits: AnswerLimits): Of {
  const handle = handler.handle.bind(handler) as (...parameters: unknown[]) => ReturnType<Handler['handle']>;
  const bounded = async (...parameters: unknown[]) => {
    const answer = await handle(...parameters);
    bound(answer.response, limits);
    return answer;
  };
  return Object.assign(handler, { handle: bounded });
}

function bound(response: Response, limits: AnswerLimits): void {
  const { body, headers, statusCode } = response;
  if (body === undefined) return;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== '') {
    body.on('error', () => undefined).destroy();
    throw new UnboundedAnswerError('the answer is encoded, which was not asked for');
  }
  const isSuccess = statusCode >= 200 && statusCode < 300;
  const maxBytes = isSuccess ? limits.success : limits.error;
  const isEvents = isSuccess && headers['content-type']?.startsWith(EVENT_STREAM) === true;
  const counted = isEvents ? new BoundedFrames(maxBytes) : new BoundedBytes(maxBytes);
  // The reader of `counted` gets the error.
  response.body = pipeline(body, counted, () => undefined);
}

class BoundedBytes extends Transform {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#maxBytes) done(tooLarge('the answer', this.#maxBytes));
    else done(null, chunk);
  }
}

/** An event begins with its whole length in four bytes. */
class BoundedFrames extends Transform {
  readonly #maxBytes: number;
  /** The bytes of a length that is not complete yet. */
  #length: number[] = [];
  /** Bytes until the next event. */
  #left = 0;

  constructor(maxBytes: number) {
    super();
    this.#maxBytes = maxBytes;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = 0; at < chunk.byteLength; ) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, chunk.byteLength - at);
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      this.#length.push(chunk[at++]!);
      if (this.#length.length < FRAME_LENGTH_BYTES) continue;
      const length = Buffer.from(this.#length).readUInt32BE();
      if (length > this.#maxBytes) {
        done(tooLarge('an event of the answer', this.#maxBytes));
        return;
      }
      this.#length = [];
      this.#left = Math.max(length - FRAME_LENGTH_BYTES, 0);
    }
    done(null, chunk);
  }
}

function tooLarge(what: string, maxBytes: number): UnboundedAnswerError {
  return new UnboundedAnswerError(`${what} is larger than ${maxBytes} bytes, which no answer of AWS is`);
}
