import { CommanderError } from 'commander';
import { benchCommand, parseBench } from './command.js';
import { runBench } from './run-bench.js';

let exitCode: number;
try {
  const options = parseBench(benchCommand(), process.argv.slice(2));
  exitCode = await runBench(options, process.argv.slice(2));
} catch (thrown) {
  // Commander has written its own text by now; --help ends with exit code 0.
  if (!(thrown instanceof CommanderError)) throw thrown;
  exitCode = thrown.exitCode === 0 ? 0 : 2;
}
process.exitCode = exitCode;
