import type { AlertRule } from './alert-rule.js';
import { GATEWAY_ALERTS } from './gateway-alerts.js';
import { KINESIS_ALERTS } from './kinesis-alerts.js';

/** Every alert. Both files of rules, for Grafana and for Prometheus, are made of these. */
export const ALERTS: readonly AlertRule[] = [...GATEWAY_ALERTS, ...KINESIS_ALERTS];
