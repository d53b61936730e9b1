import { findProgram } from '../../../harness/server-process.js';
import { MosquittoClient } from './mosquitto-client.js';
import { MqttJsClient } from './mqtt-js-client.js';
import { PythonClient, type PythonLibrary, requireFromRequirements, requirePaho1 } from './python-client.js';
import type { RealClient } from './real-client.js';

export interface RealClientKind {
  readonly name: string;
  make(): RealClient;
}

/** Every client that is installed here; what is missing fails with CI=true and else is printed. */
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

function python(name: string, library: PythonLibrary | undefined): RealClientKind[] {
  if (library === undefined) return [];
  return [
    { name, make: () => new PythonClient(library) },
    { name: `${name} over WebSocket`, make: () => new PythonClient(library, 'websockets') },
  ];
}
