import { CONNECT_CASES } from './cases/connect-cases.js';
import { DELIVERY_CASES } from './cases/delivery-cases.js';
import { KEEP_ALIVE_CASES } from './cases/keep-alive-cases.js';
import { MALFORMED_CASES } from './cases/malformed-cases.js';
import { RETAINED_CASES } from './cases/retained-cases.js';
import { SESSION_CASES } from './cases/session-cases.js';
import { SUBSCRIPTION_CASES } from './cases/subscription-cases.js';
import { TOPIC_CASES } from './cases/topic-cases.js';
import { WEB_SOCKET_CASES } from './cases/web-socket-cases.js';
import { WILL_CASES } from './cases/will-cases.js';
import type { ConformanceCase } from './conformance-case.js';

export const ALL_CASES: readonly ConformanceCase[] = [
  ...CONNECT_CASES,
  ...KEEP_ALIVE_CASES,
  ...MALFORMED_CASES,
  ...SESSION_CASES,
  ...WILL_CASES,
  ...DELIVERY_CASES,
  ...RETAINED_CASES,
  ...SUBSCRIPTION_CASES,
  ...TOPIC_CASES,
  ...WEB_SOCKET_CASES,
];
