import { type ExecFileException, execFile } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../src/lib/package-root.js';

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No program that is run to its end takes longer: one that should have refused to start would stay for ever. */
const ENDS_WITHIN_MS = 100_000;

/** Runs a program to its end; the exit code is an answer, not an error, and null when it was killed. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly input?: string | Buffer;
    readonly cwd?: string;
    readonly env?: Record<string, string>;
    /** For one that does take longer. */
    readonly endsWithinMs?: number;
  } = {},
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        maxBuffer: 64 << 20,
        timeout: options.endsWithinMs ?? ENDS_WITHIN_MS,
        killSignal: 'SIGKILL',
      },
      (error: ExecFileException | null, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, stdout, stderr });
      },
    );
    // A program may end without reading its input.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

/** As users have it; what only has to be the built program takes `LAUNCHER`. */
export const SHIPPED_LAUNCHER = join(packageRoot(), 'bin', 'sluice.js');

/** The program. Tests start it from a bundle, which takes half the CPU time: see test/support/build-bundle.ts. */
export const LAUNCHER = process.env.SLUICE_LAUNCHER ?? SHIPPED_LAUNCHER;

/** The real `sluice` command. */
export function sluice(
  args: readonly string[],
  options: Parameters<typeof runProgram>[2] = {},
): Promise<ProgramResult> {
  return runProgram(process.execPath, [LAUNCHER, ...args], options);
}
