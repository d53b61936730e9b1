import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { requireServer } from '../../harness/servers.js';
import { page } from '../docs/pages.js';
import { MosquittoClient } from '../support/real-clients/mosquitto-client.js';
import { MqttJsClient } from '../support/real-clients/mqtt-js-client.js';
import type { ClientMessage, RealClient, RealClientOptions } from '../support/real-clients/real-client.js';
import { tempDirectory } from '../support/temp-directory.js';

const { text } = page('docs/mqtt.md');

/** The role that a recipe of docs/mqtt.md gives. */
function roleOf(product: string): string {
  const recipe = text.slice(text.indexOf(`\n**${product}**`));
  return /Role:\s+`([^`]+)`/.exec(recipe)![1]!;
}

const ACCESS = `roles:
  home-assistant: { publish: ["#"], subscribe: ["#"] }
  zigbee2mqtt: ${roleOf('Zigbee2MQTT')}
  tasmota: ${roleOf('Tasmota')}
`;

interface Home {
  readonly gateway: GatewayProcess;
  /** How a client signs in; each user has the role of the same name. */
  user(role: string, clientId: string): RealClientOptions;
}

const ROLES = ['home-assistant', 'zigbee2mqtt', 'tasmota'];

async function home(roles: readonly string[] = ROLES, broker = ''): Promise<Home> {
  const directory = tempDirectory();
  const port = await freePort();
  writeFileSync(join(directory, 'access.yaml'), ACCESS, { mode: 0o600 });
  const config = `broker: { listeners: [{ protocol: mqtt, port: ${port} }], access: ./access.yaml${broker} }\nhttp: { port: 0 }\n`;
  const gateway = new GatewayProcess({ directory, config });
  onTestFinished(() => gateway.end());
  const tokens = new Map<string, string>();
  for (const role of roles) {
    const args = ['users', 'add', role, '--role', role, '--token', '-c', gateway.configFile];
    const { code, stdout, stderr } = await sluice(args);
    expect(code, stderr).toBe(0);
    tokens.set(role, stdout.trim());
  }
  await gateway.start();
  return {
    gateway,
    user: (role, clientId) => ({ port, clientId, userName: role, password: tokens.get(role)! }),
  };
}

function message(topic: string, payload: string, isRetained: boolean, qos: 0 | 1 = 0): ClientMessage {
  return { topic, payload, qos, isRetained };
}

/** The next messages, by topic. */
async function nextOf(client: RealClient, count: number): Promise<Record<string, ClientMessage>> {
  const found: Record<string, ClientMessage> = {};
  while (Object.keys(found).length < count) {
    const next = await client.next();
    found[next.topic] = next;
  }
  return found;
}

const HA_STATUS = 'homeassistant/status';
const PLUG_CONFIG = message(
  'homeassistant/switch/plug/config',
  '{"name":"Plug","stat_t":"tele/plug/STATE"}',
  true,
  1,
);
const LAMP_CONFIG = message('homeassistant/light/0x0017/light/config', '{"name":"Lamp"}', true, 1);
const NODE_CONFIG = message('homeassistant/sensor/porch/temperature/config', '{"name":"Porch"}', true, 1);
const BRIDGE_STATE = 'zigbee2mqtt/bridge/state';
const LWT = 'tele/plug/LWT';

describe.skipIf(!requireServer('mosquitto'))('what people have at home', () => {
  // Tasmota speaks MQTT 3.1.1 only.
  it.each([4, 5] as const)(
    'finds its retained states and its discovery after a SIGKILL, with the roles that docs/mqtt.md gives: version %i',
    async (version) => {
      const { gateway, user } = await home();

      // Home Assistant ends without DISCONNECT on purpose, so that its will is published.
      const assistant = new MqttJsClient();
      const assistantOptions = {
        ...user('home-assistant', 'assistant'),
        version,
        will: message(HA_STATUS, 'offline', false),
      };
      await assistant.connect(assistantOptions);
      await assistant.subscribe('homeassistant/+/#', 0);
      await assistant.publish(message(HA_STATUS, 'online', false));
      expect(await assistant.next()).toEqual(message(HA_STATUS, 'online', false));

      const zigbee = new MqttJsClient();
      const zigbeeOptions = {
        ...user('zigbee2mqtt', 'zigbee2mqtt-1'),
        version,
        will: message(BRIDGE_STATE, '{"state":"offline"}', true, 1),
      };
      await zigbee.connect(zigbeeOptions);
      await zigbee.publish(message(BRIDGE_STATE, '{"state":"online"}', true));
      await zigbee.publish(LAMP_CONFIG);
      await zigbee.publish(message('zigbee2mqtt/lamp', '{"state":"ON","brightness":200}', true, 1));
      expect(await zigbee.subscribe('homeassistant/#', 0)).toBe(0);
      expect((await zigbee.next()).topic).toBe(LAMP_CONFIG.topic);
      expect(await assistant.next()).toEqual({ ...LAMP_CONFIG, qos: 0, isRetained: false });

      const plug = new MosquittoClient();
      const plugOptions = { ...user('tasmota', 'DVES_0A1B2C'), will: message(LWT, 'Offline', true, 1) };
      await plug.connect(plugOptions);
      await plug.publish(message(LWT, 'Online', true));
      // Tasmota does this whenever it connects.
      await plug.publish(message('cmnd/plug/POWER', '', false));
      expect(await plug.subscribe('cmnd/plug/#', 0)).toBe(0);
      await assistant.publish(PLUG_CONFIG);
      await assistant.publish(NODE_CONFIG);
      expect(Object.keys(await nextOf(assistant, 2))).toEqual([PLUG_CONFIG.topic, NODE_CONFIG.topic]);
      await assistant.publish(message('cmnd/plug/POWER', 'ON', false));
      expect(await plug.next()).toEqual(message('cmnd/plug/POWER', 'ON', false));
      await plug.publish(message('stat/plug/RESULT', '{"POWER":"ON"}', false));

      // Node-RED without a clean session.
      const flow = new MqttJsClient();
      const flowOptions = {
        ...user('home-assistant', 'node-red'),
        version,
        isCleanSession: false,
        sessionExpirySeconds: 3600,
      };
      expect(await flow.connect(flowOptions)).toBe(false);
      await flow.subscribe('tele/#', 1);
      expect(await flow.next()).toEqual(message(LWT, 'Online', true));

      await gateway.kill();
      await Promise.all([plug.cut(), zigbee.cut(), assistant.cut(), flow.cut()]);
      await gateway.start();

      await assistant.connect(assistantOptions);
      await assistant.subscribe('homeassistant/+/#', 1);
      expect(await nextOf(assistant, 3)).toEqual({
        [LAMP_CONFIG.topic]: LAMP_CONFIG,
        [PLUG_CONFIG.topic]: PLUG_CONFIG,
        [NODE_CONFIG.topic]: NODE_CONFIG,
      });
      await assistant.subscribe('zigbee2mqtt/#', 1);
      expect(await nextOf(assistant, 2)).toMatchObject({
        [BRIDGE_STATE]: { payload: '{"state":"online"}', isRetained: true },
        'zigbee2mqtt/lamp': { payload: '{"state":"ON","brightness":200}', isRetained: true },
      });

      // The plug comes back and is unplugged: Node-RED hears of both, although it was away.
      await plug.connect(plugOptions);
      await plug.subscribe('cmnd/plug/#', 0);
      await plug.publish(message(LWT, 'Online', true, 1));
      await assistant.subscribe(LWT, 1);
      expect(await assistant.next()).toEqual(message(LWT, 'Online', true, 1));
      await plug.cut();
      expect(await assistant.next()).toEqual(message(LWT, 'Offline', false, 1));
      expect(await flow.connect(flowOptions)).toBe(true);
      expect(await flow.next()).toEqual(message(LWT, 'Online', false, 1));
      expect(await flow.next()).toEqual(message(LWT, 'Offline', false, 1));

      // Home Assistant restarts: its birth message asks everybody to say again what there is.
      const zigbeeAgain = new MqttJsClient();
      await zigbeeAgain.connect(zigbeeOptions);
      await zigbeeAgain.subscribe(HA_STATUS, 0);
      await assistant.cut();
      expect(await zigbeeAgain.next()).toEqual(message(HA_STATUS, 'offline', false));
      await assistant.connect(assistantOptions);
      await assistant.publish(message(HA_STATUS, 'online', false));
      expect(await zigbeeAgain.next()).toEqual(message(HA_STATUS, 'online', false));
      await zigbeeAgain.publish({ ...LAMP_CONFIG, payload: '' });
      await assistant.subscribe('homeassistant/+/#', 1);
      expect(Object.keys(await nextOf(assistant, 2)).sort()).toEqual([NODE_CONFIG.topic, PLUG_CONFIG.topic]);
    },
  );

  it('keeps the device list of a large Zigbee network when broker.maxPacketSize allows it, and else says so and parks it', async () => {
    const devices = message('zigbee2mqtt/bridge/devices', `["${'x'.repeat(1 << 20)}"]`, true);
    const small = await home(['zigbee2mqtt']);
    const zigbee = new MqttJsClient();
    await zigbee.connect(small.user('zigbee2mqtt', 'zigbee2mqtt-1'));
    await zigbee.publish(devices);
    // The connection goes on: the message behind it arrives.
    await zigbee.publish(message(BRIDGE_STATE, '{"state":"online"}', true, 1));
    await zigbee.subscribe('zigbee2mqtt/#', 0);
    expect((await zigbee.next()).topic).toBe(BRIDGE_STATE);
    expect(small.gateway.output).toContain('raise broker.maxPacketSize');
    await small.gateway.ledgerWhen(({ reasons }) => reasons.parked['packet-too-large'] === 1);

    const large = await home(['zigbee2mqtt'], ', maxPacketSize: 4MiB');
    await zigbee.disconnect();
    await zigbee.connect(large.user('zigbee2mqtt', 'zigbee2mqtt-1'));
    await zigbee.publish(devices);
    await zigbee.subscribe('zigbee2mqtt/#', 0);
    expect(await zigbee.next()).toEqual(devices);
  });
});
