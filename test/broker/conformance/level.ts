/** The protocol level that a case speaks: 4 is MQTT 3.1.1, 5 is MQTT 5. */
export type Level = 4 | 5;

export const LEVELS: readonly Level[] = [4, 5];

export const VERSION_NAMES: Readonly<Record<Level, string>> = { 4: 'MQTT 3.1.1', 5: 'MQTT 5' };
