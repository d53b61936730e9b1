import { CommanderError } from 'commander';
import { type RunClock, systemClock } from './clock.js';
import { simulateCommand } from './command.js';
import { type ScenarioName, UsageError } from './options.js';
import { type ProgressOutput, showHistory, showProgress } from './progress.js';
import { ConnectError, runSimulation } from './run.js';
import { type RawOptions, resolveCall, type SimulateCall } from './simulate-call.js';
import { summaryText } from './summary.js';

export interface CliContext {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: (text: string) => void;
  readonly stderr: ProgressOutput;
  readonly stop: AbortSignal;
  readonly clock?: RunClock;
  /** Called for `--exit-with-parent`. */
  readonly exitWithParent: () => void;
}

/**
 * Runs `simulate` once; `args` come without node and script. Resolves with the exit code. A problem that the user can
 * fix is printed and does not reject.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<0 | 1 | 2> {
  const call = parse(args, context);
  if (typeof call === 'number') return call;
  if (call.exitWithParent) context.exitWithParent();

  const { stderr, stop } = context;
  const clock = context.clock ?? systemClock;
  let endProgress = (): void => {};
  try {
    const summary = await runSimulation(call.options, {
      stop,
      clock,
      onHistory: (tally, readings) => {
        if (call.progress !== 'none') endProgress = showHistory(tally, readings, stderr, clock);
      },
      onStart: (tally) => {
        endProgress();
        endProgress = call.progress === 'all' ? showProgress(tally, stderr, clock) : () => {};
      },
    });
    endProgress();
    context.stdout(call.json ? `${JSON.stringify(summary, undefined, 2)}\n` : summaryText(summary));
    return summary.unacknowledged > 0 && summary.stoppedBy !== 'signal' ? 1 : 0;
  } catch (thrown) {
    endProgress();
    if (!(thrown instanceof UsageError) && !(thrown instanceof ConnectError)) throw thrown;
    stderr.write(`error: ${thrown.message}\n`);
    return thrown instanceof UsageError ? 2 : 1;
  }
}

function parse(args: readonly string[], context: CliContext): SimulateCall | 0 | 2 {
  const command = simulateCommand(() => (context.clock ?? systemClock).wallMs())
    .exitOverride()
    .configureOutput({ writeOut: context.stdout, writeErr: (text) => context.stderr.write(text) });
  try {
    command.parse(args, { from: 'user' });
    return resolveCall(command.args[0] as ScenarioName, command.opts<RawOptions>(), context.env);
  } catch (thrown) {
    // Commander has printed its text already; --help ends with exit code 0.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (!(thrown instanceof UsageError)) throw thrown;
    context.stderr.write(`error: ${thrown.message}\n`);
    return 2;
  }
}
