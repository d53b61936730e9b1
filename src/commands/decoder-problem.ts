import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { DecoderThread } from '../formats/decoder/decoder-thread.js';

/** How long Node.js may take to read a file with a fault in it. */
const SYNTAX_TIMEOUT_MS = 10_000;

/** Loads a decoder once: what is wrong with it, with its file and, for a fault of syntax, the line; or undefined. */
export function decoderProblem(file: string): string | undefined {
  const thread = new DecoderThread(file);
  thread.end();
  const { startProblem } = thread;
  if (startProblem === undefined) return undefined;
  const line = startProblem.startsWith('SyntaxError') ? lineOfFault(file) : undefined;
  return `${file}${line === undefined ? '' : `:${line}`}: ${startProblem}`;
}

/** Where a fault of syntax is: an import does not say it, and only a process of its own does. */
function lineOfFault(file: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--check'], {
    input: readFileSync(file),
    encoding: 'utf8',
    timeout: SYNTAX_TIMEOUT_MS,
  });
  return /^\[stdin\]:(\d+)$/m.exec(stderr)?.[1];
}
