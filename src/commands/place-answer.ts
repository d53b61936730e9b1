import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorText, SluiceError } from '../lib/errors.js';
import { open } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { syncDirectory } from '../lib/sync-directory.js';
import type { OpenAnswer } from './store-answer.js';
import { writeOut } from './write-out.js';

/** Throws USAGE_INVALID when a file cannot be made here: that is known before the store works for it. */
export async function checkOutput(output: string): Promise<void> {
  const folder = dirname(resolve(output));
  try {
    await access(folder, constants.W_OK);
  } catch (thrown) {
    throw new SluiceError(
      'USAGE_INVALID',
      `--output: no file can be made in ${folder}: ${errorText(thrown)}`,
    );
  }
  if ((await ifThere(stat(output)))?.isDirectory() === true) {
    throw new SluiceError('USAGE_INVALID', `--output: ${output} is a folder; expected a file`);
  }
}

/** Copies the answer to a file. It gets its name when it is complete and on the disk, so a part never has it. */
export async function placeAnswer({ file }: OpenAnswer, output: string): Promise<void> {
  const part = `${output}.${randomUUID().slice(0, 8)}.part`;
  try {
    const target = await open(part, 'wx');
    try {
      for await (const chunk of file.createReadStream()) await target.writeFile(chunk as Buffer);
      await target.sync();
    } finally {
      await target.close();
    }
    await rename(part, output);
    await syncDirectory(dirname(resolve(output)));
  } catch (thrown) {
    await rm(part, { force: true });
    throw new SluiceError(
      'SINK_QUERY_FAILED',
      `the answer cannot be written to ${output}: ${errorText(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
}

/** Writes the answer to standard output, as fast as that is read. */
export async function printAnswer({ file }: OpenAnswer): Promise<void> {
  for await (const chunk of file.createReadStream()) await writeOut(chunk as Buffer);
}
