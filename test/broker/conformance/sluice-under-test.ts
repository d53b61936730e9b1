import { join } from 'node:path';
import { RuledAccess } from '../../../src/access/ruled-access.js';
import { Bridge } from '../../../src/bridge/bridge.js';
import { Broker, type BrokerDeps } from '../../../src/broker/broker.js';
import { RETAINED_DEFAULTS } from '../../../src/broker/retained/kept-retained.js';
import { SESSION_DEFAULTS } from '../../../src/broker/sessions/session-options.js';
import { dataDirectory } from '../../../src/data-directory/data-directory.js';
import { GatewaySubscribers } from '../../../src/gateway/gateway-subscribers.js';
import { SystemClock } from '../../../src/lib/clock.js';
import { createLogger } from '../../../src/lib/logger.js';
import { BROKER_OPTIONS } from '../../support/broker-fixture.js';
import { TestLog } from '../../support/log-fixture.js';
import { receiveTimesOf } from '../../support/receive-times.js';
import { FakeAuthenticator, rulesOf } from '../../support/ruled-access.js';
import { ALICE, BOB, type BrokerUnderTest } from './conformance-case.js';

class OnePassword extends FakeAuthenticator {
  override signIn(...[credential, source, rules]: Parameters<FakeAuthenticator['signIn']>) {
    if (credential.password?.toString() === ALICE.password) return super.signIn(credential, source, rules);
    return { kind: 'refused', reason: 'credential-wrong', detail: 'not the password' } as const;
  }
}

/** A broker as the gateway has one: retained messages and sessions have journals, which the log commits with its batches. */
async function startBroker(
  root: string,
  protocols: readonly ('mqtt' | 'ws')[],
  deps: Partial<BrokerDeps> = {},
) {
  const clock = new SystemClock();
  const directory = dataDirectory(root);
  const broker = { ...BROKER_OPTIONS, retained: RETAINED_DEFAULTS, sessions: SESSION_DEFAULTS };
  const failures: unknown[] = [];
  const subscribers = await GatewaySubscribers.open(
    { directory, broker },
    {
      clock,
      logger: createLogger({ level: 'fatal', format: 'json' }),
      onFailure: (failure) => failures.push(failure),
    },
  );
  const log = await TestLog.open(directory.log, {}, { companions: subscribers.companions });
  const bridge = new Bridge(
    { maxInFlightBytes: 64 << 20 },
    { stream: log.writer, clock, receiveTimes: receiveTimesOf({ clock }) },
  );
  const { retained, deliveries } = subscribers;
  const started = await Broker.start(
    {
      ...BROKER_OPTIONS,
      listeners: protocols.map((protocol) => ({ protocol, host: '127.0.0.1', port: 0 })),
    },
    { intake: bridge, warn: () => undefined, debug: () => undefined, retained, deliveries, ...deps },
  );
  return {
    ports: started.listeners.map(({ port }) => port),
    stop: async () => {
      await started.close();
      await log.writer.close();
      await subscribers.close();
      if (failures.length + log.failures.length > 0) throw failures[0] ?? log.failures[0];
    },
  };
}

/** The brokers of the cases, with data directories below `directory`. */
export async function sluiceUnderTest(directory: string) {
  const rules = rulesOf({
    [ALICE.userName]: { publish: ['own/#'], subscribe: ['own/#'] },
    [BOB.userName]: { publish: ['#', '$own/#'], subscribe: ['#', '$own/#'] },
  });
  const access = new RuledAccess(rules, new OnePassword());
  const open = await startBroker(join(directory, 'open'), ['mqtt', 'ws']);
  const secured = await startBroker(join(directory, 'secured'), ['mqtt'], { access });
  const [port = 0, webSocketPort = 0, securedPort = 0] = [...open.ports, ...secured.ports];
  const broker: BrokerUnderTest = { name: 'sluice', port, webSocketPort, securedPort };
  return {
    broker,
    stop: async () => {
      await open.stop();
      await secured.stop();
    },
  };
}
