/** Advice that several panels give. */
export const DEAD_LETTERS = 'List them with sluice dead-letters, then fix the rule or the device.';
export const STORE = 'check the state of the store and /readyz';
