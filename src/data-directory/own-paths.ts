import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readdir } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import type { DataDirectory } from './data-directory.js';

/** What Sluice keeps at the top of a data directory. Anything else there, such as `lost+found`, is not its business. */
const OURS =
  /^(log|dead-letter|checkpoints|windows|retained|sessions|worker-id|telemetry\.duckdb.*|lock.*|(directory|clean-stop|receive-times|timeline)\.json.*|sluice\.reserve)$/;

/** Who uses the directory; tests replace it. */
export interface DirectoryUser {
  /** Absent on Windows, which has no such ids. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export function thisUser(): DirectoryUser {
  return { uid: process.geteuid?.(), gid: process.getegid?.() };
}

/** Resolves with whether to go on with what is in the folder. */
export type Visit = (path: string, status: Stats) => Promise<boolean>;

/** Calls `visit` for the folder itself and for every file and folder of ours in it; a folder comes before its content. */
export async function visitOwnPaths({ root, log }: DataDirectory, visit: Visit): Promise<void> {
  const look = async (path: string): Promise<void> => {
    // A running gateway deletes segments and replaces files meanwhile.
    const status = await ifThere(stat(path));
    if (status === undefined || !(await visit(path, status)) || !status.isDirectory()) return;
    for (const name of (await ifThere(readdir(path))) ?? []) {
      if (path === root ? OURS.test(name) : name !== 'lost+found') await look(join(path, name));
    }
  };
  await look(root);
  if (log !== join(root, 'log')) await look(log);
}
