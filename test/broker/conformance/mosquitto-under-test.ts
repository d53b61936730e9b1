import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../harness/free-port.js';
import { runProgram } from '../../../harness/programs.js';
import { startMosquitto } from '../../../harness/servers.js';
import { ALICE, BOB, type BrokerUnderTest } from './conformance-case.js';

/** Mosquitto with the listeners of the cases; `directory` gets its passwords and rules. */
export async function mosquittoUnderTest(directory: string) {
  const webSocketPort = await freePort();
  const passwords = join(directory, 'passwords');
  const rules = join(directory, 'rules');
  writeFileSync(passwords, '');
  for (const { userName, password } of [ALICE, BOB]) {
    await runProgram('mosquitto_passwd', ['-b', passwords, userName, password]);
  }
  writeFileSync(
    rules,
    `user ${ALICE.userName}
topic readwrite own/#
user ${BOB.userName}
topic readwrite #
topic readwrite $own/#
`,
  );
  const open = await startMosquitto({
    config: ['max_packet_size 262144', `listener ${webSocketPort} 127.0.0.1`, 'protocol websockets'],
  });
  const secured = await startMosquitto({
    config: ['allow_anonymous false', `password_file ${passwords}`, `acl_file ${rules}`],
  });
  const broker: BrokerUnderTest = {
    name: 'mosquitto',
    port: open.port,
    webSocketPort,
    securedPort: secured.port,
  };
  await untilAccepted(webSocketPort);
  return {
    broker,
    stop: async () => {
      await open.stop();
      await secured.stop();
    },
  };
}

/** Mosquitto opens its listeners one after the other; the harness waits for the first. */
async function untilAccepted(port: number): Promise<void> {
  for (;;) {
    const isAccepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (isAccepted) return;
    await sleep(20);
  }
}
