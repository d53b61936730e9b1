import { CommanderError } from 'commander';
import { buildProgram } from './commands/program.js';
import { SluiceError, systemErrorCode } from './lib/errors.js';
import { withSluiceCommands } from './lib/package-root.js';

const WRONG_USAGE = 2;

/** How long a command that has ended may keep the process alive with what it left open. */
const EXIT_GRACE_MS = 2_000;

/** Runs one command. Resolves with the exit code: 0 success, 1 failure at run time, 2 wrong usage or configuration. */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    return reportError(thrown);
  }
}

function reportError(thrown: unknown): number {
  // Commander ends help and version with such an error too, with code 0. Their text has been printed.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : WRONG_USAGE;
  if (thrown instanceof SluiceError) {
    process.stderr.write(`${withSluiceCommands(thrown.terminalText)}\n`);
    return thrown.exitCode;
  }
  const failure = thrown instanceof Error ? thrown : new Error(String(thrown));
  const isDebug = process.env.SLUICE_DEBUG === '1';
  const rest = isDebug ? `\n${failure.stack ?? ''}` : ' (SLUICE_DEBUG=1 shows where it comes from)';
  process.stderr.write(`sluice: unexpected error: ${failure.message}${rest}\n`);
  return 1;
}

/** Runs `main` with the arguments of this process and ends the process. The launcher in bin/ calls it. */
export async function runProcess(): Promise<void> {
  process.stdout.on('error', (thrown) => {
    // The reader of the pipe has ended, as `| head` does.
    if (systemErrorCode(thrown) === 'EPIPE') process.exit(0);
    // The terminal was closed: a gateway in it still has to stop.
    if (systemErrorCode(thrown) === 'EIO') return;
    throw thrown;
  });
  process.exitCode = await main(process.argv.slice(2));
  // A pipe may still be taking output, so the process does not end at once.
  setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
}
