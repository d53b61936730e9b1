import { stat, statfs } from 'node:fs/promises';
import { folderProblem, nearestExisting } from '../environment-problems.js';
import { type CheckResult, fail, ok, warn } from './check-result.js';

const NAME = 'data directory';

/** Linux, statfs(2). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
]);
const TMPFS = 0x01021994;

export interface DataFolderParts {
  /** `type` of statfs(2); a parameter for tests. */
  readonly fileSystemType: (folder: string) => Promise<number>;
}

/** Whether it can be written, is closed to others, and lies where a write that was synced stays. */
export async function checkDataFolder(
  folder: string,
  { fileSystemType }: DataFolderParts = { fileSystemType: linuxType },
): Promise<CheckResult> {
  const problem = await folderProblem(folder);
  if (problem !== undefined) {
    return fail(
      NAME,
      `${folder} cannot be made or written: ${problem.hint}`,
      'make it writable for this user, or name another with stream.log.directory',
    );
  }
  const existing = await nearestExisting(folder);
  const type = await fileSystemType(existing);
  const network = NETWORK_FILE_SYSTEMS.get(type);
  if (network !== undefined) {
    return warn(
      NAME,
      `${folder} is on a network file system (${network})`,
      'take a local disk: fdatasync and locks may not hold there, and acknowledged packets could be lost',
    );
  }
  if (type === TMPFS) {
    return warn(
      NAME,
      `${folder} is in memory (tmpfs) and does not survive a restart of the machine`,
      'take a disk for stream.log.directory',
    );
  }
  if (existing !== folder) return ok(NAME, `${folder} will be made`);
  const mode = (await stat(folder)).mode & 0o777;
  const written = mode.toString(8).padStart(4, '0');
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    return warn(
      NAME,
      `${folder} has mode ${written}: others may look into it, payloads are there`,
      `chmod 700 ${folder}`,
    );
  }
  return ok(NAME, `${folder} can be written, mode ${written}`);
}

async function linuxType(folder: string): Promise<number> {
  return process.platform === 'linux' ? (await statfs(folder)).type >>> 0 : 0;
}
