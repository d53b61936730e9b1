import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { runProgram, sluice } from '../../harness/programs.js';
import { findProgram } from '../../harness/server-process.js';
import { tempDirectory } from '../support/temp-directory.js';
import { pahoTestingFolder, requirePahoTesting } from './paho-testing.js';

/** The ten tests of the suite, and the one of wills that it does not run on its own. */
const TESTS = [
  'testBasic',
  'test_dollar_topics',
  'test_keepalive',
  'test_offline_message_queueing',
  'test_overlapping_subscriptions',
  'test_redelivery_on_reconnect',
  'test_retained_messages',
  'test_subscribe_failure',
  'test_unsubscribe',
  'test_zero_length_clientid',
  'will_message_test',
];

/** `$` topics need a permission of their own, and `#` does not contain what is denied. */
const ACCESS = `users: {}
roles:
  paho: { publish: ["#", "$TopicA/#"], subscribe: ["#"] }
`;

describe.skipIf(!requirePahoTesting())('Eclipse Paho interoperability, MQTT 3.1.1', () => {
  it('passes 10 of 10, and the test of wills', async () => {
    const directory = tempDirectory();
    const port = await freePort();
    writeFileSync(join(directory, 'access.yaml'), ACCESS, { mode: 0o600 });
    const gateway = new GatewayProcess({
      directory,
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }], access: ./access.yaml }
http: { port: 0 }
`,
    });
    onTestFinished(() => gateway.end());
    const added = await sluice([
      'users',
      'add',
      'paho',
      '--role',
      'paho',
      '--token',
      '-c',
      gateway.configFile,
    ]);
    await gateway.start();
    const { stdout, stderr } = await runProgram(
      findProgram('python3') ?? '/usr/bin/python3',
      [
        ...[join(import.meta.dirname, 'paho-client-test.py'), pahoTestingFolder()],
        ...['127.0.0.1', String(port)],
      ],
      {
        env: {
          PAHO_USER: 'paho',
          PAHO_PASSWORD: added.stdout.trim(),
          PAHO_NOSUBSCRIBE: '$private/nosubscribe',
        },
      },
    );
    const results = stdout.split('\n').filter((line) => line.startsWith('RESULT '));
    expect(results.sort(), `${stdout}${stderr}`).toEqual(TESTS.map((name) => `RESULT ${name} ok`));
  });
});
