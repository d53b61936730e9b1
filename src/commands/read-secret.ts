import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { SluiceError } from '../lib/errors.js';

const MIN_CHARACTERS = 8;
const MAX_BYTES = 1_024;

/** Where a password is read from: a terminal is asked, anything else is read to its end. */
export interface PasswordInput extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
}

/** Reads a new password. It is never shown, and never an argument: every user of the machine can see those. */
export async function readNewPassword(input: PasswordInput, output: NodeJS.WritableStream): Promise<Buffer> {
  const password = input.isTTY === true ? await askTwice(input, output) : await readToEnd(input);
  if ([...password].length < MIN_CHARACTERS) {
    throw new SluiceError('USAGE_INVALID', `a password has at least ${MIN_CHARACTERS} characters`);
  }
  if (/[\r\n\0]/.test(password)) throw new SluiceError('USAGE_INVALID', 'a password is one line');
  return Buffer.from(password);
}

async function askTwice(input: PasswordInput, output: NodeJS.WritableStream): Promise<string> {
  const password = await askHidden('Password: ', input, output);
  if (password !== (await askHidden('Again: ', input, output))) {
    throw new SluiceError('USAGE_INVALID', 'the two passwords differ');
  }
  return password;
}

function askHidden(prompt: string, input: PasswordInput, output: NodeJS.WritableStream): Promise<string> {
  output.write(prompt);
  // Readline echoes what is typed into its output.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true });
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => reject(new SluiceError('USAGE_INVALID', 'no password was given')));
    lines.question('', (answer) => {
      output.write('\n');
      resolve(answer);
      lines.close();
    });
  });
}

async function readToEnd(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    const read = Buffer.from(chunk);
    bytes += read.length;
    if (bytes > MAX_BYTES)
      throw new SluiceError('USAGE_INVALID', `a password has at most ${MAX_BYTES} bytes`);
    chunks.push(read);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
