/** A part that this machine cannot run: something is not installed. */
export class NotRunnable extends Error {}
