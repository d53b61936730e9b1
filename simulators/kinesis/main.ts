import { onParentGone } from '../parent-process.js';
import { runKinesisCli } from './cli.js';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second signal does not wait. kinesis-local ends when its standard input closes.
    if (stop.signal.aborted) process.exit(1);
    stop.abort();
  });
}
process.stdout.on('error', () => stop.abort());

process.exitCode = await runKinesisCli(process.argv.slice(2), {
  env: process.env,
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  stop: stop.signal,
  exitWithParent: () => onParentGone(process.stdin, () => stop.abort()),
});
