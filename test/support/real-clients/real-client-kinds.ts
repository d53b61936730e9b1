import { findProgram } from '../../../harness/server-process.js';
import { MosquittoClient } from './mosquitto-client.js';
import { MqttJsClient } from './mqtt-js-client.js';
import { PythonClient, type PythonLibrary, requireFromRequirements, requirePaho1 } from './python-client.js';
import type { RealClient, Transport } from './real-client.js';

export interface RealClientKind {
  readonly name: string;
  make(): RealClient;
}

/** Every client for MQTT 3.1.1 that is installed here; what is missing fails with CI=true and else is printed. */
export function realClientKinds(): RealClientKind[] {
  return [
    ...(findProgram('mosquitto_sub') === undefined
      ? []
      : [{ name: 'mosquitto_pub and mosquitto_sub', make: () => new MosquittoClient() }]),
    { name: 'MQTT.js', make: () => new MqttJsClient() },
    { name: 'MQTT.js over WebSocket', make: () => new MqttJsClient('ws') },
    ...python('paho 1', requirePaho1()),
    ...python('paho 2', requireFromRequirements('paho_client.py')),
    ...python('aiomqtt', requireFromRequirements('aiomqtt_client.py')),
  ];
}

/** A client that speaks MQTT 5. */
export interface Version5Kind {
  readonly name: string;
  readonly transports: readonly Transport[];
  /** Which acknowledgements it shows the reason code of. */
  readonly showsReasonsOf: readonly ('PUBACK' | 'PUBREC')[];
  /** Its connection outlives a message that it publishes: mosquitto_pub makes one for each. */
  readonly keepsConnection: boolean;
  /** It does not send what is larger than the maximum packet size of CONNACK. */
  readonly boundsPackets: boolean;
  make(transport: Transport): RealClient;
}

const ALL_TRANSPORTS: readonly Transport[] = ['tcp', 'tls', 'ws', 'wss'];

/** Every client for MQTT 5 that is installed here. */
export function version5Kinds(): Version5Kind[] {
  const mosquitto: Version5Kind = {
    name: 'mosquitto_pub and mosquitto_sub',
    transports: ['tcp', 'tls'],
    showsReasonsOf: ['PUBACK', 'PUBREC'],
    keepsConnection: false,
    boundsPackets: true,
    make: () => new MosquittoClient(),
  };
  const mqttJs: Version5Kind = {
    name: 'MQTT.js',
    transports: ALL_TRANSPORTS,
    showsReasonsOf: ['PUBACK', 'PUBREC'],
    keepsConnection: true,
    boundsPackets: false,
    make: (transport) => new MqttJsClient(transport),
  };
  return [
    ...(findProgram('mosquitto_sub') === undefined ? [] : [mosquitto]),
    mqttJs,
    ...python5('paho 2', ALL_TRANSPORTS, ['PUBACK'], requireFromRequirements('paho_client.py')),
    ...python5('aiomqtt', ALL_TRANSPORTS, [], requireFromRequirements('aiomqtt_client.py')),
    ...python5('gmqtt', ['tcp', 'tls'], [], requireFromRequirements('gmqtt_client.py')),
  ];
}

function python(name: string, library: PythonLibrary | undefined): RealClientKind[] {
  if (library === undefined) return [];
  return [
    { name, make: () => new PythonClient(library) },
    { name: `${name} over WebSocket`, make: () => new PythonClient(library, 'ws') },
  ];
}

function python5(
  name: string,
  transports: Version5Kind['transports'],
  showsReasonsOf: Version5Kind['showsReasonsOf'],
  library: PythonLibrary | undefined,
): Version5Kind[] {
  if (library === undefined) return [];
  const make = (transport: Transport) => new PythonClient(library, transport);
  return [{ name, transports, showsReasonsOf, keepsConnection: true, boundsPackets: false, make }];
}
