import { cpSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runProgram } from '../../harness/programs.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { readCopy, type Stage } from './dockerfile.js';

/** npm could not reach its registry, so the image cannot be tested. */
export class RegistryUnreachable extends Error {
  override readonly name = 'RegistryUnreachable';
}

const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT/;

/**
 * Does in `directory` what an engine would do with the stages of the Dockerfile, without one: copies what COPY copies
 * and runs `npm ci --omit=dev` and the build. Resolves with the root of the last stage; its RUN instructions need a
 * container and are omitted.
 */
export async function assembleImage(stages: readonly Stage[], directory: string): Promise<string> {
  const roots = new Map<string, string>();
  for (const stage of stages) {
    const root = join(directory, stage.name);
    roots.set(stage.name, root);
    mkdirSync(root);
    await runStage(stage, roots, stage === stages.at(-1));
  }
  return roots.get(stages.at(-1)!.name)!;
}

async function runStage(stage: Stage, roots: ReadonlyMap<string, string>, isLast: boolean): Promise<void> {
  const root = roots.get(stage.name)!;
  let workdir = '/';
  for (const instruction of stage.instructions) {
    const { keyword, args } = instruction;
    if (keyword === 'WORKDIR') {
      workdir = args;
      mkdirSync(join(root, workdir), { recursive: true });
    } else if (keyword === 'COPY') {
      const { from, sources, target } = readCopy(instruction);
      const context = from === undefined ? packageRoot() : roots.get(from)!;
      const place = join(root, target.startsWith('/') ? target : join(workdir, target));
      for (const source of sources) copy(join(context, source), place, target.endsWith('/'));
    } else if (keyword === 'RUN' && !isLast) {
      await runInstruction(args, join(root, workdir));
    }
  }
}

/** Copies like COPY: the content of a folder into the target; a file into a target with a slash, otherwise to that name. */
function copy(source: string, place: string, intoFolder: boolean): void {
  const target = intoFolder && statSync(source).isFile() ? join(place, basename(source)) : place;
  cpSync(source, target, { recursive: true });
}

async function runInstruction(command: string, directory: string): Promise<void> {
  const { code, stdout, stderr } = await runProgram('sh', ['-c', command], { cwd: directory });
  if (code === 0) return;
  if (UNREACHABLE.test(stderr)) throw new RegistryUnreachable(stderr);
  throw new Error(`${command} ended with ${code}:\n${stdout}${stderr}`);
}
