const MAX_BYTES = 256;
const CONTROL = /\p{Cc}/u;

/** What is wrong with a user name that a credential brings, to be put behind the name; `undefined`: nothing. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (Buffer.byteLength(name) > MAX_BYTES) return `has more than ${MAX_BYTES} bytes`;
  if (CONTROL.test(name)) return 'has a control character';
  return undefined;
}
