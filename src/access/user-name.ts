import { isValidName, MAX_USER_NAME_BYTES } from '../lib/mqtt-names.js';

/** What is wrong with a user name that a credential brings, to be put behind the name; `undefined`: nothing. */
export function nameProblem(name: string): string | undefined {
  return name !== '' && isValidName(name, MAX_USER_NAME_BYTES)
    ? undefined
    : 'is empty, too long, or has characters that MQTT forbids';
}
