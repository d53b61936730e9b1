import { CommanderError } from 'commander';
import { buildProgram } from './commands/program.js';
import { SluiceError, systemErrorCode } from './errors.js';

const WRONG_USAGE = 2;

/** How long a command that is done may keep the process alive with what it left open. */
const EXIT_GRACE_MS = 2_000;

/** Runs one command. Resolves with the exit code: 0 fine, 1 failed at run time, 2 wrong usage or configuration. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    return report(thrown);
  }
}

function report(thrown: unknown): number {
  // Help and version end the same way, with 0; their text is already out.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : WRONG_USAGE;
  if (thrown instanceof SluiceError) {
    process.stderr.write(`${thrown.message}\n`);
    return thrown.exitCode;
  }
  const failure = thrown instanceof Error ? thrown : new Error(String(thrown));
  const isDebug = process.env.SLUICE_DEBUG === '1';
  const rest = isDebug ? `\n${failure.stack ?? ''}` : ' (SLUICE_DEBUG=1 shows where it comes from)';
  process.stderr.write(`sluice: unexpected error: ${failure.message}${rest}\n`);
  return 1;
}

/** For the launcher: `main` with the arguments of this process, then its end. */
export async function runProcess(): Promise<void> {
  process.stdout.on('error', (thrown) => {
    // The reader of a pipe (`| head`) has seen enough.
    if (systemErrorCode(thrown) === 'EPIPE') process.exit(0);
    throw thrown;
  });
  process.exitCode = await main(process.argv.slice(2));
  // Not at once: a pipe may still be taking output.
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}
