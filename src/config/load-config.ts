import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorText, systemErrorCode } from '../lib/errors.js';
import { loadAccessFile } from './access/load-access-file.js';
import { crossCheck } from './cross-checks.js';
import type { Environment } from './environment.js';
import { Findings } from './findings.js';
import {
  ConfigError,
  type ConfigProblem,
  type KeyPath,
  type SourceLocation,
  sortProblems,
} from './problem.js';
import { expandProfiles } from './profiles/expand-profiles.js';
import { findReachWarnings, findUnusedSections } from './reach-checks.js';
import { readYaml } from './read-yaml.js';
import { resolveConfig } from './resolve.js';
import { findRuleWarnings } from './rule-warnings.js';
import { schema, type Written } from './schema.js';
import { branchAt, infoOf } from './schema-walk.js';
import type { SluiceConfig } from './sluice-config.js';
import { validate } from './validate.js';
import { findWindowWarnings } from './window-warnings.js';

export const DEFAULT_CONFIG_FILE = 'sluice.yaml';

/** Stands for the file in problems of the built-in defaults. */
export const BUILT_IN = 'built-in defaults';

export interface LoadedConfig {
  readonly config: SluiceConfig;
  /** The same configuration with the keys of the file; it contains secrets, see `redact`. */
  readonly written: Written;
  /** The path as the user gave it; absent with the built-in defaults. */
  readonly file?: string;
  /** What is valid and hardly meant: rules that no record reaches, windows without points. */
  readonly warnings: readonly ConfigProblem[];
  /** Secrets that this process lacks; there are none where they are needed. */
  readonly missingSecrets: readonly ConfigProblem[];
  /** Returns where a key is written, for problems that are found later. */
  locationOf(path: KeyPath): SourceLocation;
  /** Returns a key as problems name it: rules that a profile gives have no place of their own in the file. */
  keyOf(path: KeyPath): string;
}

export type ConfigResult =
  | { readonly ok: true; readonly loaded: LoadedConfig }
  | {
      readonly ok: false;
      readonly problems: readonly ConfigProblem[];
      /** Absent when the key that decides it is invalid as well. */
      readonly dataDirectory?: string;
    };

export interface LoadOptions {
  /**
   * `needed` (the default): a secret whose variable is not set, or whose file cannot be read, is a problem. `optional`: the
   * command does not use it, and may run as another user, or where there are no secrets.
   */
  readonly secrets?: 'needed' | 'optional';
  /** `checked`: what is wrong with the access file is a problem, too. It is not read otherwise. */
  readonly accessFile?: 'checked';
}

/**
 * Loads the configuration: `file`, else ./sluice.yaml if it exists, else the built-in defaults.
 * Rejects with a ConfigError (CONFIG_UNREADABLE, CONFIG_INVALID) that lists every problem.
 */
export async function loadConfig(file?: string, options?: LoadOptions): Promise<SluiceConfig> {
  return (await openConfig(file, options)).config;
}

/** Loads the configuration like `loadConfig`, with the locations of the keys. */
export async function openConfig(file?: string, options?: LoadOptions): Promise<LoadedConfig> {
  const named = fileToLoad(file);
  return { ...orThrow(parseFile(named, options)), file: named };
}

/**
 * Returns the data directory of a configuration, also when other keys are invalid: a command may lack the variables that
 * the gateway was started with. Rejects with a ConfigError when it cannot be known.
 */
export async function loadDataDirectory(file?: string): Promise<string> {
  const result = parseFile(fileToLoad(file));
  if (!result.ok && result.dataDirectory !== undefined) return result.dataDirectory;
  return orThrow(result).config.dataDirectory;
}

function fileToLoad(file?: string): string | undefined {
  return file ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : undefined);
}

function parseFile(file: string | undefined, options?: LoadOptions): ConfigResult {
  if (file === undefined) return parseConfig('', BUILT_IN, process.cwd(), process.env);
  return parseConfig(readText(file), file, dirname(resolve(file)), process.env, options);
}

/** Loads a configuration that the program itself has written. `name` stands for the file in problems. */
export async function loadConfigText(text: string, name: string, directory: string): Promise<SluiceConfig> {
  return orThrow(parseConfig(text, name, directory, process.env)).config;
}

/**
 * Parses and checks a configuration. Reads secret files; otherwise pure. Never throws.
 *
 * @param directory base of relative paths
 */
export function parseConfig(
  text: string,
  file: string,
  directory: string,
  environment: Environment,
  { secrets = 'needed', accessFile }: LoadOptions = {},
): ConfigResult {
  const source = expandProfiles(readYaml(text, file, environment), file, directory);
  const { written, problems, invalid } = validate(source);
  // The value of a missing variable is not the user's either.
  const findings = new Findings(source, [...invalid, ...source.unreadable]);
  const config = resolveConfig(written, directory, findings);
  crossCheck(config, findings);
  const unsetSecrets = source.unset.filter(({ path }) => isOfSecret(path));
  const missingSecrets = sortProblems([
    ...unsetSecrets.map(({ problem }) => problem),
    ...findings.missingSecrets,
  ]);
  const unset = source.unset.filter((one) => !unsetSecrets.includes(one)).map(({ problem }) => problem);
  const all = [
    ...source.problems,
    ...unset,
    ...(secrets === 'needed' ? missingSecrets : []),
    ...withoutUnreadable(problems, source.unreadable.map(source.keyOf)),
    ...findings.problems,
  ];
  const isAccessChecked = accessFile === 'checked' && !findings.isInvalid(['broker', 'access']);
  const access =
    isAccessChecked && config.broker.accessFile !== undefined
      ? loadAccessFile(config.broker.accessFile)
      : undefined;
  const ofAccess = access?.ok === false ? access.problems : [];
  if (all.length + ofAccess.length > 0) {
    const isKnown = !findings.isInvalid(['stream', 'log', 'directory']);
    return {
      ok: false,
      problems: [...sortProblems(all), ...ofAccess],
      dataDirectory:
        isKnown && source.problems.every(({ key }) => key !== '') ? config.dataDirectory : undefined,
    };
  }
  const warnings = new Findings(source, source.unreadable);
  findReachWarnings(config, warnings);
  if (access?.ok === true) findUnusedSections(access.rules, config, warnings);
  findRuleWarnings(config, warnings);
  findWindowWarnings(config, warnings);
  return {
    ok: true,
    loaded: {
      config: deepFreeze(config),
      written: deepFreeze(written),
      warnings: [...warnings.problems, ...(access?.ok === true ? access.warnings : [])],
      missingSecrets,
      locationOf: (path) => source.locationOf(path),
      keyOf: (path) => source.keyOf(path),
    },
  };
}

/** Returns true for a secret, and for the path of its file. */
function isOfSecret(path: KeyPath): boolean {
  const setting = branchAt(schema, path);
  const info = setting && infoOf(setting);
  return info?.isSecret === true || info?.namesSecretFile === true;
}

function withoutUnreadable(
  problems: readonly ConfigProblem[],
  unreadable: readonly string[],
): readonly ConfigProblem[] {
  const keys = new Set(unreadable);
  // A key that is missing in a section with a part that cannot be read may be there.
  const isHidden = (key: string) =>
    unreadable.some((hidden) => key.startsWith(`${hidden}.`) || hidden === '');
  return problems.filter(({ key, got }) => !keys.has(key) && !(got === undefined && isHidden(key)));
}

function orThrow(result: ConfigResult): LoadedConfig {
  if (result.ok) return result.loaded;
  throw new ConfigError(result.problems);
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(startOfFile(file));
  } catch (thrown) {
    const code = systemErrorCode(thrown);
    let hint = errorText(thrown);
    if (code === 'ENOENT') hint = 'no file is there';
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') hint = 'it is not UTF-8 text';
    throw new ConfigError(
      [{ file, key: '', expected: 'a file that can be read', hint }],
      'CONFIG_UNREADABLE',
    );
  }
}

/** A larger file is no configuration, and something like `/dev/zero` has no end. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** Reads a file up to a limit far beyond that of `readYaml`, which then rejects it by its length. */
function startOfFile(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let bytes = 0; bytes < MAX_READ_BYTES; ) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const read = readSync(descriptor, chunk);
      if (read === 0) break;
      chunks.push(chunk.subarray(0, read));
      bytes += read;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(descriptor);
  }
}

/** Freezes a tree of plain values in place. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}
