import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { type RunningServer, requireServer, startMosquitto } from '../../harness/servers.js';
import type { QoS } from '../../src/broker/protocol/packets.js';
import { type CutProxy, startCutProxy } from '../support/cut-proxy.js';
import { MqttJsClient } from '../support/real-clients/mqtt-js-client.js';
import type { ClientMessage } from '../support/real-clients/real-client.js';
import { tempDirectory } from '../support/temp-directory.js';

interface Bridged {
  readonly gateway: GatewayProcess;
  readonly plant: RunningServer;
  /** Between the two. */
  readonly network: CutProxy;
  /** A client of either end, subscribed. */
  atGateway(filter: string): Promise<MqttJsClient>;
  atPlant(filter: string): Promise<MqttJsClient>;
}

/** A gateway, and a Mosquitto that is connected to it as its documentation shows it: nothing but topics is said. */
async function bridged(...further: string[]): Promise<Bridged> {
  const port = await freePort();
  const config = `broker: { listeners: [{ protocol: mqtt, port: ${port} }] }\nhttp: { port: 0 }\n`;
  const gateway = new GatewayProcess({ directory: tempDirectory(), config });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const network = await startCutProxy(port);
  onTestFinished(() => network.stop());
  const plant = await startMosquitto({
    config: [
      'connection to-sluice',
      `address 127.0.0.1:${network.port}`,
      'remote_clientid plant',
      'restart_timeout 1',
      'topic sensors/# out 1',
      'topic cmnd/# in 1',
      'topic shared/# both 1',
      ...further,
    ],
  });
  onTestFinished(() => plant.stop());
  let clients = 0;
  const client = async (at: number, filter: string) => {
    const made = new MqttJsClient();
    await made.connect({ port: at, clientId: `watcher-${++clients}` });
    await made.subscribe(filter, 1);
    return made;
  };
  return {
    gateway,
    plant,
    network,
    atGateway: (filter) => client(port, filter),
    atPlant: (filter) => client(plant.port, filter),
  };
}

function message(topic: string, payload: string, isRetained = false): ClientMessage {
  return { topic, payload, qos: 1 satisfies QoS, isRetained };
}

const STATE = '$SYS/broker/connection/plant/state';

/** Resolves when the bridge has subscribed: what is published from then on reaches it. */
async function connected({ atGateway, atPlant }: Bridged): Promise<void> {
  const state = await atGateway(STATE);
  while ((await state.next()).payload !== '1');
  const plant = await atPlant('cmnd/ready');
  const gateway = await atGateway('nothing');
  await gateway.publish(message('cmnd/ready', '', false));
  await gateway.publish(message('cmnd/ready', 'yes', true));
  await plant.next();
}

describe.skipIf(!requireServer('mosquitto'))('a Mosquitto bridge with its defaults', () => {
  it('says at the gateway whether it is connected, also when it is killed', async () => {
    const all = await bridged();
    await connected(all);
    const watching = await all.atGateway('$SYS/broker/connection/#');
    expect(await watching.next()).toEqual(message(STATE, '1', true));
    await all.plant.kill();
    expect(await watching.next()).toEqual(message(STATE, '0'));
    await all.plant.restart();
    expect(await watching.next()).toEqual(message(STATE, '1'));
  });

  it('carries both directions, each message once, and keeps the retain flag', async () => {
    const all = await bridged();
    await connected(all);
    const plant = await all.atPlant('+/device/#');
    const gateway = await all.atGateway('+/device/#');
    const both = async (given: ClientMessage) => {
      expect(await gateway.next()).toEqual({ ...given, isRetained: false });
      expect(await plant.next()).toEqual({ ...given, isRetained: false });
    };
    const reading = message('sensors/device/telemetry', '{"t":1}');
    await plant.publish(reading);
    await both(reading);
    const command = message('cmnd/device/power', 'ON');
    await gateway.publish(command);
    await both(command);
    // A bridge that was sent its own messages would bring them back for ever.
    const fromPlant = message('shared/device/plant', '1', true);
    await plant.publish(fromPlant);
    await both(fromPlant);
    const fromGateway = message('shared/device/gateway', '2', true);
    await gateway.publish(fromGateway);
    await both(fromGateway);
    const end = message('shared/device/end', '3');
    await plant.publish(end);
    await both(end);
    await gateway.publish(end);
    await both(end);
    for (const at of [all.atGateway, all.atPlant]) {
      const late = await at('shared/device/+');
      const retained = [await late.next(), await late.next()];
      expect(retained).toHaveLength(2);
      expect(retained).toEqual(expect.arrayContaining([fromPlant, fromGateway]));
    }
  });

  it('brings what was published while the gateway was down, and gets what was published while the network was', async () => {
    const all = await bridged('cleansession false');
    await connected(all);
    const { gateway } = all;
    const { received } = await gateway.ledger();
    await gateway.kill();
    const device = await all.atPlant('nothing');
    for (let n = 0; n < 20; n++) await device.publish(message('sensors/device/telemetry', `{"n":${n}}`));
    await gateway.start();
    await gateway.ledgerWhen((ledger) => ledger.received === received + 20);

    const receiver = await all.atPlant('cmnd/device/#');
    const operator = await all.atGateway('nothing');
    all.network.cut();
    for (let n = 0; n < 20; n++) await operator.publish(message('cmnd/device/power', `${n}`));
    all.network.mend();
    for (let n = 0; n < 20; n++) expect(await receiver.next()).toEqual(message('cmnd/device/power', `${n}`));
  });
});
