import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const SWITCH = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/** What a fresh process prints that makes a client. */
function stderrOfClient(preset: string | undefined): string {
  const file = pathToFileURL(join(ROOT, 'dist/src/stream/kinesis/aws/aws-kinesis.js'));
  const script = `
    const { AwsKinesis } = await import('${file.href}');
    new AwsKinesis({ streamName: 'telemetry', region: 'eu-west-1' }).close();`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: { ...process.env, [SWITCH]: preset },
  });
  expect(ran.status).toBe(0);
  return ran.stderr;
}

it('prints no warning of the SDK that a user of Sluice can do nothing about', () => {
  expect(stderrOfClient(undefined)).toBe('');
});

// The SDK warns below Node 22 only.
it.runIf(Number.parseInt(process.versions.node, 10) < 22)('leaves the switch alone where it is set', () => {
  expect(stderrOfClient('false')).toContain('NodeVersionSupportWarning');
});
