import { runCli } from './cli.js';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The first signal waits for acknowledgements, the second does not.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  });
}
// A reader that leaves early (`| head`) ends the run like a signal.
process.stdout.on('error', () => stop.abort());
process.stderr.on('error', () => stop.abort());

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: { isTerminal: process.stderr.isTTY === true, write: (text) => process.stderr.write(text) },
  stop: stop.signal,
});
