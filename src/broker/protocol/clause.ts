import type { ProtocolLevel } from './packets.js';

/** The name of a clause in the version that a client speaks: MQTT 5 gives other numbers to what MQTT 3.1.1 says, too. */
export function clause(level: ProtocolLevel, before5: string, in5: string): string {
  return `[MQTT-${level === 5 ? in5 : before5}]`;
}
