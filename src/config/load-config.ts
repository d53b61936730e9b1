import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorText, systemErrorCode } from '../errors.js';
import { crossCheck } from './cross-checks.js';
import { deepFreeze } from './deep-freeze.js';
import type { Environment } from './environment.js';
import { Findings } from './findings.js';
import {
  ConfigError,
  type ConfigProblem,
  formatKey,
  type KeyPath,
  type Place,
  sortProblems,
} from './problem.js';
import { resolveConfig } from './resolve.js';
import type { Written } from './schema.js';
import type { SluiceConfig } from './sluice-config.js';
import { validate } from './validate.js';
import { readYaml } from './yaml-source.js';

export const DEFAULT_CONFIG_FILE = 'sluice.yaml';

/** What a place is called that no file has. */
const BUILT_IN = 'built-in defaults';

export interface LoadedConfig {
  readonly config: SluiceConfig;
  /** The same in the words of the file; holds secrets, see `redact`. */
  readonly written: Written;
  /** As the user named it; absent with the built-in defaults. */
  readonly file?: string;
  /** Where a key stands, for problems that only show later. */
  placeOf(path: KeyPath): Place;
}

export type ConfigResult =
  | { readonly ok: true; readonly loaded: LoadedConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * The configuration in force: `file`, else ./sluice.yaml if it is there, else the built-in defaults.
 * Rejects with a ConfigError (CONFIG_UNREADABLE, CONFIG_INVALID) that lists every problem.
 */
export async function loadConfig(file?: string): Promise<SluiceConfig> {
  return (await openConfig(file)).config;
}

/** As `loadConfig`, with the places of the keys. */
export async function openConfig(file?: string): Promise<LoadedConfig> {
  const named = file ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
  if (named === undefined) return orThrow(parseConfig('', BUILT_IN, process.cwd(), process.env));
  const loaded = orThrow(parseConfig(readText(named), named, dirname(resolve(named)), process.env));
  return { ...loaded, file: named };
}

/** A configuration made by the program itself. `name` stands for the file in problems. */
export async function loadConfigText(text: string, name: string, directory: string): Promise<SluiceConfig> {
  return orThrow(parseConfig(text, name, directory, process.env)).config;
}

/** `directory`: what relative paths are relative to. Reads secret files; otherwise pure. Never throws. */
export function parseConfig(
  text: string,
  file: string,
  directory: string,
  environment: Environment,
): ConfigResult {
  const source = readYaml(text, file, environment);
  const { written, problems, unfit } = validate(source);
  // A value that a missing variable would have made is no more the user's than one that is unfit.
  const findings = new Findings(source, [...unfit, ...source.unread]);
  const config = resolveConfig(written, directory, findings);
  crossCheck(config, findings);
  const all = [...source.problems, ...withoutUnread(problems, source.unread), ...findings.problems];
  if (all.length > 0) return { ok: false, problems: sortProblems(all) };
  return {
    ok: true,
    loaded: {
      config: deepFreeze(config),
      written: deepFreeze(written),
      placeOf: (path) => source.placeOf(path),
    },
  };
}

function withoutUnread(
  problems: readonly ConfigProblem[],
  unread: readonly KeyPath[],
): readonly ConfigProblem[] {
  const keys = new Set(unread.map(formatKey));
  return problems.filter(({ key }) => !keys.has(key));
}

function orThrow(result: ConfigResult): LoadedConfig {
  if (result.ok) return result.loaded;
  throw new ConfigError(result.problems);
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    const reason =
      code === 'ENOENT'
        ? 'no file is there'
        : code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
          ? 'it is not UTF-8 text'
          : errorText(thrown);
    throw new ConfigError(
      [{ file, key: '', expected: 'a file that can be read', hint: reason }],
      'CONFIG_UNREADABLE',
    );
  }
}
