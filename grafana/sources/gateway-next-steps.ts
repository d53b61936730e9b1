/** What descriptions of several panels advise. */
export const DEAD_LETTERS = 'Read them with sluice dead-letters; mend the rule or the device.';
export const STORE = 'see the state of the store, and /readyz';
