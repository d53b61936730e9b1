import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../harness/server-process.js';
import { startMosquitto } from '../../harness/servers.js';
import { tokenHash } from '../../src/access/access-token.js';
import { benchToken, benchUser } from '../processes/bench-users.js';
import { cityRule } from '../processes/city-reading.js';
import { type RunningGateway, startGateway } from '../processes/gateway.js';
import { refusalsOf } from '../processes/refusals-of.js';

export type BrokerName = 'sluice' | 'against' | 'mosquitto' | 'mosquittoNoDelay';

/** Paths of PEM files. */
export interface ServerCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** As many as the cells have connections. */
const MAX_USERS = 200;

/** What the ack part publishes to. */
export interface Broker {
  readonly name: BrokerName;
  readonly port: number;
  readonly pid: number;
  /** The CA of its certificate, when it speaks TLS. */
  readonly caFile?: string;
  /** True when its clients must sign in. */
  readonly hasUsers?: boolean;
  /** What its clients speak: MQTT 3.1.1 when it is absent. */
  readonly version?: 4 | 5;
  /** Resolves with how many messages the broker has taken since it was started, once it is at rest; undefined when it does not tell. */
  atRest(): Promise<number | undefined>;
  /** Connections and packets that it refused, by reason; absent when it does not tell. */
  refusals?(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

/** Records are stored, read back, decoded and refused by the rule: all of the path but the store. */
export async function startSluiceBroker(directory: string, tls?: ServerCertificate): Promise<Broker> {
  return { ...sluiceBroker(await startGateway(directory, cityRule('false'), { tls })), caFile: tls?.ca };
}

/** The same of another checkout, by its launcher. */
export async function startOtherSluiceBroker(directory: string, launcher: string): Promise<Broker> {
  return { ...sluiceBroker(await startGateway(directory, cityRule('false'), { launcher })), name: 'against' };
}

/** The same with a user for each connection, bound to its client id, and the topics that the load publishes on. */
export async function startSluiceWithUsers(directory: string): Promise<Broker> {
  const users = Array.from({ length: MAX_USERS }, (_, connection) => {
    const token = tokenHash(benchToken(connection));
    return `  ${benchUser(connection)}: { token: "${token}", roles: [device] }`;
  });
  const file = join(directory, `sluice-bench-access-${process.pid}.yaml`);
  const role = 'device: { clientId: "{user}", publish: ["sensors/+/+/telemetry"] }';
  writeFileSync(file, `users:\n${users.join('\n')}\nroles:\n  ${role}\n`, { mode: 0o600 });
  try {
    const gateway = await startGateway(directory, cityRule('false'), { accessFile: file });
    const broker = sluiceBroker(gateway);
    return {
      ...broker,
      hasUsers: true,
      stop: async () => {
        await broker.stop();
        rmSync(file, { force: true });
      },
    };
  } catch (thrown) {
    rmSync(file, { force: true });
    throw thrown;
  }
}

function sluiceBroker(gateway: RunningGateway): Broker {
  return {
    name: 'sluice',
    port: gateway.process.mqttPort,
    pid: gateway.process.pid,
    atRest: async () => {
      const { received, filtered } = await gateway.settled();
      if (received !== filtered)
        throw new Error(`of ${received} records ${filtered} were filtered; all had to be`);
      return received;
    },
    refusals: () => refusalsOf(gateway.process.httpUrl),
    stop: () => gateway.remove(),
  };
}

/** Mosquitto in its two forms; nothing when it is not installed. Queue limits as they come, persistence off. */
export async function startMosquittoBrokers(): Promise<Broker[]> {
  if (findProgram('mosquitto') === undefined) return [];
  const shipped = await startMosquittoAs('mosquitto', []);
  try {
    // Node always sets TCP_NODELAY. Without it Mosquitto's PUBACKs wait for the client's delayed TCP
    // acknowledgement, about 44 ms at a time, whenever the client waits for them: then that is what is compared.
    return [shipped, await startMosquittoAs('mosquittoNoDelay', ['set_tcp_nodelay true'])];
  } catch (thrown) {
    await shipped.stop();
    throw thrown;
  }
}

/** Mosquitto with TCP_NODELAY; undefined when it is not installed. */
export async function startMosquittoBroker(): Promise<Broker | undefined> {
  if (findProgram('mosquitto') === undefined) return undefined;
  return startMosquittoAs('mosquittoNoDelay', ['set_tcp_nodelay true']);
}

/**
 * Mosquitto with TCP_NODELAY, for clients of MQTT 5; undefined when it is not installed. Its receive maximum is 20 as shipped, which
 * would hold its clients to a smaller window than those of the gateway.
 */
export async function startMosquittoForVersion5(): Promise<Broker | undefined> {
  if (findProgram('mosquitto') === undefined) return undefined;
  const config = ['set_tcp_nodelay true', 'max_inflight_messages 0', 'max_topic_alias 16'];
  return { ...(await startMosquittoAs('mosquittoNoDelay', config)), version: 5 };
}

/** Mosquitto with TLS and TCP_NODELAY; undefined when it is not installed. */
export async function startMosquittoWithTls({
  ca,
  cert,
  key,
}: ServerCertificate): Promise<Broker | undefined> {
  if (findProgram('mosquitto') === undefined) return undefined;
  const tls = [`certfile ${cert}`, `keyfile ${key}`, 'set_tcp_nodelay true'];
  return { ...(await startMosquittoAs('mosquittoNoDelay', tls)), caFile: ca };
}

async function startMosquittoAs(name: BrokerName, config: readonly string[]): Promise<Broker> {
  const server = await startMosquitto({ config });
  return {
    name,
    port: server.port,
    pid: server.pid,
    atRest: async () => undefined,
    stop: () => server.stop(),
  };
}
