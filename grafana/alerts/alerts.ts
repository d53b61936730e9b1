import type { AlertRule } from './alert-rule.js';
import { GATEWAY_ALERTS } from './gateway-alerts.js';
import { KINESIS_ALERTS } from './kinesis-alerts.js';

/** Every alert. The rule files for Grafana and for Prometheus are generated from this list. */
export const ALERTS: readonly AlertRule[] = [...GATEWAY_ALERTS, ...KINESIS_ALERTS];
