import type { Readable } from 'node:stream';

/** What `--exit-with-parent` does, for the help of both simulators. */
export const EXIT_WITH_PARENT =
  'end when standard input is closed, as a pipe is when the process that started this one has ended';

/**
 * Calls `onGone` when the parent process has ended. The parent keeps the other end of `input` open and writes nothing
 * to it; the system closes that end with the parent, also when the parent is killed. `input` keeps nothing alive.
 */
export function onParentGone(input: Readable & { unref?: () => void }, onGone: () => void): void {
  input
    .on('close', onGone)
    .on('error', () => undefined)
    .resume();
  input.unref?.();
}
