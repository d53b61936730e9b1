import { CONNECT_CASES } from './cases/connect-cases.js';
import { DELIVERY_CASES } from './cases/delivery-cases.js';
import { EXPIRY_CASES } from './cases/expiry-cases.js';
import { FLOW_CONTROL_CASES } from './cases/flow-control-cases.js';
import { KEEP_ALIVE_CASES } from './cases/keep-alive-cases.js';
import { MALFORMED_CASES } from './cases/malformed-cases.js';
import { MALFORMED_CONNECT_CASES } from './cases/malformed-connect-cases.js';
import { MALFORMED_PROPERTY_CASES } from './cases/malformed-property-cases.js';
import { MESSAGE_PROPERTY_CASES } from './cases/message-property-cases.js';
import { ORDER_CASES } from './cases/order-cases.js';
import { REASON_CODE_CASES } from './cases/reason-code-cases.js';
import { RETAINED_CASES } from './cases/retained-cases.js';
import { SESSION_CASES } from './cases/session-cases.js';
import { SESSION_EXPIRY_CASES } from './cases/session-expiry-cases.js';
import { SIGN_ON_CASES } from './cases/sign-on-cases.js';
import { SUBSCRIPTION_CASES } from './cases/subscription-cases.js';
import { SUBSCRIPTION_OPTION_CASES } from './cases/subscription-option-cases.js';
import { TOPIC_ALIAS_CASES } from './cases/topic-alias-cases.js';
import { TOPIC_CASES } from './cases/topic-cases.js';
import { WEB_SOCKET_CASES } from './cases/web-socket-cases.js';
import { WILL_CASES } from './cases/will-cases.js';
import { WILL_DELAY_CASES } from './cases/will-delay-cases.js';
import { type ConformanceCase, clausesOf } from './conformance-case.js';
import type { Level } from './level.js';

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
  ...EXPIRY_CASES,
  ...FLOW_CONTROL_CASES,
  ...MALFORMED_PROPERTY_CASES,
  ...MESSAGE_PROPERTY_CASES,
  ...REASON_CODE_CASES,
  ...SESSION_EXPIRY_CASES,
  ...SIGN_ON_CASES,
  ...SUBSCRIPTION_OPTION_CASES,
  ...TOPIC_ALIAS_CASES,
  ...WILL_DELAY_CASES,
  ...ORDER_CASES,
  ...MALFORMED_CONNECT_CASES,
  ...WEB_SOCKET_CASES,
];

/** The cases that are run at a level; those that wait come last, so that they wait together. */
export function casesAt(level: Level): ConformanceCase[] {
  const cases = ALL_CASES.filter((one) => clausesOf(one, level).length > 0);
  return [...cases.filter(({ waits }) => waits !== true), ...cases.filter(({ waits }) => waits === true)];
}
