import { runCli } from './cli.js';
import { onParentGone } from './parent-process.js';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first signal waits for acknowledgements, the second does not.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  });
}
// When the reader of the output ends early, as `| head` does, the run ends as with a signal.
process.stdout.on('error', () => stop.abort());
process.stderr.on('error', () => stop.abort());

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: { isTerminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text) },
  stop: stop.signal,
  // The broker may have ended with the parent, so there is no acknowledgement to wait for.
  exitWithParent: () => onParentGone(process.stdin, () => process.exit(1)),
});
