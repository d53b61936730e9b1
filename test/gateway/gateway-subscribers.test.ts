import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RETAINED_DEFAULTS } from '../../src/broker/retained/kept-retained.js';
import { SESSION_DEFAULTS } from '../../src/broker/sessions/session-options.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import type { GatewayOptions } from '../../src/gateway/gateway-options.js';
import { GatewaySubscribers } from '../../src/gateway/gateway-subscribers.js';
import { SystemClock } from '../../src/lib/clock.js';
import type { Logger } from '../../src/lib/logger.js';
import { tempDirectory } from '../support/temp-directory.js';

async function open(root: string) {
  const warnings: Record<string, unknown>[] = [];
  const logger = {
    info: () => undefined,
    warn: (fields: Record<string, unknown>) => warnings.push(fields),
  } as unknown as Logger;
  const options = {
    directory: dataDirectory(root),
    broker: { retained: RETAINED_DEFAULTS, sessions: SESSION_DEFAULTS },
  } as unknown as GatewayOptions;
  const subscribers = await GatewaySubscribers.open(options, {
    clock: new SystemClock(),
    logger,
    onFailure: (failure) => {
      throw failure;
    },
  });
  return { subscribers, warnings };
}

describe('GatewaySubscribers', () => {
  it('keeps retained messages and sessions in two folders that only its user can read', async () => {
    const root = tempDirectory();
    const { subscribers } = await open(root);
    subscribers.retained.set('a', Buffer.from('kept'), 1);
    expect(subscribers.companions.map(({ hasPending }) => hasPending)).toEqual([true, false]);
    await subscribers.close();
    expect(readdirSync(root).sort()).toEqual(['retained', 'sessions']);
    for (const folder of ['retained', 'sessions']) {
      expect(statSync(join(root, folder)).mode & 0o777).toBe(0o700);
      expect(statSync(join(root, folder, 'state.journal')).mode & 0o777).toBe(0o600);
    }
    const again = await open(root);
    expect([...again.subscribers.retained.matching('#')].map(({ topic }) => topic)).toEqual(['a']);
    expect(again.warnings).toEqual([]);
    await again.subscribers.close();
  });

  it('names damage once, with the file and the place', async () => {
    const root = tempDirectory();
    const { subscribers } = await open(root);
    for (const topic of ['a', 'b', 'c']) subscribers.retained.set(topic, Buffer.from('kept'), 1);
    await subscribers.close();
    const file = join(root, 'retained', 'state.journal');
    const bytes = readFileSync(file);
    const at = bytes.indexOf('bkept');
    bytes[at]! ^= 1;
    writeFileSync(file, bytes);
    const damaged = await open(root);
    expect(damaged.warnings).toEqual([
      expect.objectContaining({ code: 'JOURNAL_DAMAGED', fileName: file, places: 1, byteOffset: 40 }),
    ]);
    expect([...damaged.subscribers.retained.matching('#')].map(({ topic }) => topic)).toEqual(['a', 'c']);
    await damaged.subscribers.close();
  });
});
