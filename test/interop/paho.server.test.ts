import { describe, expect, it } from 'vitest';
import { startPahoGateway } from './paho-gateway.js';
import { requirePahoTesting } from './paho-testing.js';
import { runPahoTests } from './run-paho-tests.js';

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

describe.skipIf(!requirePahoTesting())('Eclipse Paho interoperability, MQTT 3.1.1', () => {
  it('passes 10 of 10, and the test of wills', async () => {
    const { passed, failed, output } = await runPahoTests({
      version: '3.1.1',
      ...(await startPahoGateway()),
    });
    expect(failed, output).toEqual([]);
    expect(passed).toEqual(TESTS);
  });
});
