import { describe, expect, it } from 'vitest';
import { whenFilesAreFree } from '../../src/lib/files.js';
import { openFilesLimit, shareOpenFiles } from '../../src/lib/open-files.js';

describe('shareOpenFiles', () => {
  const needs = { mqttConnections: 10_000, hasHttp: true, hasKinesis: false };

  it.each([
    ['plenty', 65_536, { mqttConnections: 10_000, httpConnections: 256, needed: 10_256 }],
    ['exactly enough', 10_256, { mqttConnections: 10_000, httpConnections: 192, needed: 10_256 }],
    ['a little less', 10_000, { mqttConnections: 9_744, httpConnections: 192, needed: 10_256 }],
    ['few', 200, { mqttConnections: 111, httpConnections: 25, needed: 10_256 }],
    ['almost none', 20, { mqttConnections: 1, httpConnections: 2, needed: 10_256 }],
    ['no limit', Number.POSITIVE_INFINITY, { mqttConnections: 10_000, httpConnections: 256, needed: 10_256 }],
  ])('gives the connections what the gateway does not need itself: %s', (_what, limit, shares) => {
    expect(shareOpenFiles(limit, needs)).toMatchObject({
      ...shares,
      // With almost none HTTP gets what is left beside the one connection.
      httpConnections: expect.any(Number) as number,
    });
    expect(shareOpenFiles(limit, needs).httpConnections).toBe(shares.httpConnections);
  });

  it('keeps files for Kinesis, and none for HTTP that is off', () => {
    expect(shareOpenFiles(500, { ...needs, hasKinesis: true }).mqttConnections).toBe(500 - 64 - 64 - 62);
    expect(shareOpenFiles(500, { ...needs, hasHttp: false }).mqttConnections).toBe(500 - 64);
  });
});

it('openFilesLimit is unknown where there is no file to read it from', () => {
  expect(openFilesLimit('/none')).toBeUndefined();
});

describe('whenFilesAreFree', () => {
  const failure = (code: string) => Object.assign(new Error(code), { code });

  it.each(['EMFILE', 'ENFILE'])('tries again after %s, until it succeeds', async (code) => {
    const answers = [failure(code), failure(code), 'opened'];
    const run = async () => {
      const next = answers.shift();
      if (next instanceof Error) throw next;
      return next;
    };
    expect(await whenFilesAreFree(run)).toBe('opened');
    expect(answers).toEqual([]);
  });

  it('passes every other failure on at once', async () => {
    await expect(whenFilesAreFree(() => Promise.reject(failure('ENOENT')))).rejects.toThrow('ENOENT');
  });
});
