import { RuledAccess } from '../../../src/access/ruled-access.js';
import { Bridge } from '../../../src/bridge/bridge.js';
import { Broker, type BrokerDeps } from '../../../src/broker/broker.js';
import { KeptRetained, RETAINED_DEFAULTS } from '../../../src/broker/retained/kept-retained.js';
import { SessionDeliveries } from '../../../src/broker/sessions/session-deliveries.js';
import { SystemClock } from '../../../src/lib/clock.js';
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

/** Two brokers as a gateway has one: with a log, retained messages and sessions in `directory`. */
export async function sluiceUnderTest(directory: string) {
  const log = await TestLog.open(directory);
  const clock = new SystemClock();
  const bridge = new Bridge(
    { maxInFlightBytes: 64 << 20 },
    { stream: log.writer, clock, receiveTimes: receiveTimesOf({ clock }) },
  );
  const allDeliveries: SessionDeliveries[] = [];
  const start = (deps: Partial<BrokerDeps>, ...protocols: readonly ('mqtt' | 'ws')[]) => {
    const warn = () => undefined;
    const retained = new KeptRetained(RETAINED_DEFAULTS, { warn });
    const deliveries = new SessionDeliveries({}, { warn, retained });
    allDeliveries.push(deliveries);
    return Broker.start(
      {
        ...BROKER_OPTIONS,
        listeners: protocols.map((protocol) => ({ protocol, host: '127.0.0.1', port: 0 })),
      },
      { intake: bridge, warn, debug: () => undefined, retained, deliveries, ...deps },
    );
  };
  const open = await start({}, 'mqtt', 'ws');
  const rules = rulesOf({
    [ALICE.userName]: { publish: ['own/#'], subscribe: ['own/#'] },
    [BOB.userName]: { publish: ['#', '$own/#'], subscribe: ['#', '$own/#'] },
  });
  const access = new RuledAccess(rules, new OnePassword());
  const secured = await start({ access }, 'mqtt');
  const [port = 0, webSocketPort = 0, securedPort = 0] = [...open.listeners, ...secured.listeners].map(
    (listener) => listener.port,
  );
  const broker: BrokerUnderTest = { name: 'sluice', port, webSocketPort, securedPort };
  return {
    broker,
    stop: async () => {
      await open.close();
      await secured.close();
      for (const deliveries of allDeliveries) deliveries.close();
      await log.writer.close();
    },
  };
}
