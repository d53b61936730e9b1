import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FormatOptions } from '../formats/format-options.js';
import { systemErrorCode } from '../lib/errors.js';
import type { Findings } from './findings.js';
import type { KeyPath } from './problem.js';
import type { Written } from './schema.js';

type WrittenFormat = NonNullable<NonNullable<Written['rules']>[number]['format']>;

/** Converts a format; the file of a decoder is read for its version, so that a reload sees that it has changed. */
export function resolveFormat(
  { file, timeout, ...format }: WrittenFormat,
  path: KeyPath,
  directory: string,
  findings: Findings,
): FormatOptions {
  const options = { ...format, ...(timeout !== undefined && { timeoutMs: timeout }) };
  if (file === undefined) return options;
  const absolute = resolve(directory, file);
  return { ...options, file: absolute, fileVersion: versionOf(absolute, [...path, 'file'], findings) };
}

function versionOf(file: string, path: KeyPath, findings: Findings): string {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (thrown) {
    const hint = systemErrorCode(thrown) === 'ENOENT' ? 'no file is there' : (thrown as Error).message;
    findings.add([path], { got: file, expected: 'a file that can be read', hint });
    return '';
  }
}
