import { vi } from 'vitest';
import { main } from '../../src/main.js';

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line inside this process, with what it printed. */
export function runMain(...args: readonly string[]): Promise<Outcome> {
  return captured(() => main(args));
}

/** What a command prints inside this process; it resolves with the exit code. */
export async function captured(run: () => Promise<number>): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    stdout += String(chunk);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    stderr += String(chunk);
    return true;
  });
  try {
    const exitCode = await run();
    return { exitCode, stdout, stderr };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
