import type { SignInTotals } from '../../access/sign-in-counts.js';
import type { MetricTable } from '../metric-table.js';

/** Metrics of signing in; present only with access rules. */
export const ACCESS: MetricTable<SignInTotals> = {
  gauges: [
    [
      'sluice_access_passwords_waiting',
      'Passwords that wait to be checked; at 256 further ones are refused as sign-in-busy',
      (s) => s.passwordsWaiting,
    ],
  ],
  labelled: [
    [
      'sluice_access_sign_ins_total',
      'Sign-ins over MQTT and HTTP, by what was shown',
      'method',
      'counter',
      (s) => s.granted,
    ],
  ],
  twiceLabelled: [
    [
      'sluice_access_sign_ins_refused_total',
      'Sign-ins that were refused, by what was shown (none: nothing) and why',
      ['method', 'reason'],
      'counter',
      (s) => s.refused,
    ],
  ],
};
