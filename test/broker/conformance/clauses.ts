import type { Clause } from './clause.js';
import { MQTT_3_CLAUSES } from './clauses-of-mqtt-3.js';
import { MQTT_5_BEHAVIOUR_CLAUSES } from './clauses-of-mqtt-5-behaviour.js';
import { MQTT_5_PACKET_CLAUSES } from './clauses-of-mqtt-5-packets.js';
import type { Level } from './level.js';

/** The normative statements of the standards, by their numbers. */
export const CLAUSES: Readonly<Record<Level, Readonly<Record<string, Clause>>>> = {
  4: MQTT_3_CLAUSES,
  5: { ...MQTT_5_PACKET_CLAUSES, ...MQTT_5_BEHAVIOUR_CLAUSES },
};
