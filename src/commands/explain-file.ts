import { boundedLines } from '../lib/bounded-lines.js';
import type { StreamRecord } from '../stream/stream.js';
import { type LineFormat, MAX_LINE_BYTES, type RecordDefaults, readRecordLine } from './explain-input.js';
import { type Explained, listedJson, listedText } from './explained-record.js';
import { writeOut } from './write-out.js';

export interface ExplainFileOptions {
  readonly format: LineFormat;
  readonly defaults: RecordDefaults;
  readonly json: boolean;
}

/** Explains one record a line, as they come. Resolves with the exit code: 1 when a line could not be read. */
export async function explainFile(
  input: AsyncIterable<Buffer | string>,
  { format, defaults, json }: ExplainFileOptions,
  explained: (record: StreamRecord) => Explained,
): Promise<number> {
  let exitCode = 0;
  let isFirst = true;
  for await (const { number, bytes } of boundedLines(input, MAX_LINE_BYTES)) {
    if (bytes?.length === 0) continue;
    const record =
      bytes === undefined ? `longer than ${MAX_LINE_BYTES} bytes` : readRecordLine(bytes, format, defaults);
    if (typeof record === 'string') {
      process.stderr.write(`line ${number}: ${record}\n`);
      exitCode = 1;
      continue;
    }
    const one = explained(record);
    await writeOut(
      json ? `${JSON.stringify(listedJson(one))}\n` : `${isFirst ? '' : '\n'}${listedText(one)}\n`,
    );
    isFirst = false;
  }
  return exitCode;
}
