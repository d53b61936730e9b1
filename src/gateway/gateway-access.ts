import { stat } from 'node:fs/promises';
import type { Access } from '../access/access.js';
import type { AccessRules } from '../access/access-rules.js';
import { CredentialAuthenticator } from '../access/credential-authenticator.js';
import { OpenAccess } from '../access/open-access.js';
import { RuledAccess } from '../access/ruled-access.js';
import type { SignInTotals } from '../access/sign-in-counts.js';
import { accessChanges } from '../config/access/access-changes.js';
import { type LoadedAccess, loadAccessFile } from '../config/access/load-access-file.js';
import { ConfigError, type ConfigProblem, formatProblem } from '../config/problem.js';
import type { AccessReload } from '../config/reload-result.js';
import type { Clock } from '../lib/clock.js';
import { errorText } from '../lib/errors.js';
import type { Logger } from '../lib/logger.js';
import { SerialQueue } from '../lib/serial-queue.js';

export interface GatewayAccessOptions {
  /** Absolute path of the access file; absent: there are no rules. */
  readonly file?: string;
  /** How often the file is looked at; 0: only `reload` reads it. */
  readonly lookEveryMs?: number;
}

export interface GatewayAccessDeps {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

const LOOK_EVERY_MS = 1_000;
/** Problems in a log line; the answer of a reload has all of them. */
const MAX_LOGGED = 20;

/**
 * GatewayAccess has the access of the running gateway and keeps it up with the access file: it looks at the file every
 * second, because an editor or Kubernetes replaces it by another file, which a watch on the old one does not see. A faulty
 * file changes nothing.
 */
export class GatewayAccess {
  readonly access: Access;
  readonly #ruled: RuledAccess | undefined;
  readonly #authenticator: CredentialAuthenticator;
  readonly #file: string;
  readonly #deps: GatewayAccessDeps;
  readonly #listeners: ((rules: AccessRules) => void)[] = [];
  readonly #reloads = new SerialQueue();
  /** What the file looked like when it was read last, and at the last look. */
  #read = '';
  #seen = '';
  #isLooking = false;
  #problems: readonly ConfigProblem[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor(file: string | undefined, deps: GatewayAccessDeps, rules?: AccessRules) {
    this.#file = file ?? '';
    this.#deps = deps;
    this.#authenticator = new CredentialAuthenticator({
      clock: deps.clock,
      warn: (fields, sentence) => deps.logger.warn(fields, sentence),
    });
    this.#ruled = rules && new RuledAccess(rules, this.#authenticator);
    this.access = this.#ruled ?? new OpenAccess();
  }

  /** Rejects with a ConfigError when there is an access file that cannot be used. */
  static async open(
    { file, lookEveryMs = LOOK_EVERY_MS }: GatewayAccessOptions,
    deps: GatewayAccessDeps,
  ): Promise<GatewayAccess> {
    if (file === undefined) return new GatewayAccess(file, deps);
    const before = await lookAt(file);
    const loaded = loadAccessFile(file);
    if (!loaded.ok) throw new ConfigError(loaded.problems);
    const access = new GatewayAccess(file, deps, loaded.rules);
    access.#seen = await access.#lookAtFiles();
    // A file that has changed while it was read is read again.
    access.#read = access.#seen.startsWith(before) ? access.#seen : before;
    access.#logWarnings(loaded);
    if (lookEveryMs > 0) access.#timer = setInterval(() => void access.look(), lookEveryMs).unref();
    return access;
  }

  /** The rules in force; undefined without an access file. */
  get rules(): AccessRules | undefined {
    return this.#ruled?.rules;
  }

  /** Calls `listener` whenever new rules are in force. */
  onReplaced(listener: (rules: AccessRules) => void): void {
    this.#listeners.push(listener);
  }

  /** Says while the file cannot be used that the rules in force are older. */
  notes(): readonly string[] {
    const [first, ...others] = this.#problems;
    if (first === undefined) return [];
    const more = others.length === 0 ? '' : ` (and ${others.length} more problems)`;
    return [
      `the access file has changed and is not valid, the old rules are in force: ${formatProblem(first)}${more}`,
    ];
  }

  /** Looks whether the file has changed, and reads it once it is the same at two looks: it is then written completely. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const look = await this.#lookAtFiles();
      const isStill = look === this.#seen;
      this.#seen = look;
      if (isStill && look !== this.#read) await this.reload();
    } finally {
      this.#isLooking = false;
    }
  }

  /** Reads the file and puts its rules in force, one reload after another. Resolves with `undefined` when there is no file. */
  async reload(): Promise<AccessReload | undefined> {
    if (this.#ruled === undefined) return undefined;
    const ruled = this.#ruled;
    return this.#reloads.run(() => this.#reload(ruled));
  }

  /** Absent without rules: nobody signs in. */
  signIns(): SignInTotals | undefined {
    return this.#ruled && this.#authenticator.totals();
  }

  /** Resolves when the thread that checks passwords has ended. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#authenticator.close();
  }

  async #reload(ruled: RuledAccess): Promise<AccessReload> {
    // Before the file is read: what changes meanwhile is seen at the next look.
    this.#read = await this.#lookAtFiles();
    const loaded = loadAccessFile(this.#file);
    this.#problems = loaded.ok ? [] : loaded.problems;
    if (!loaded.ok) return this.#refuse(loaded.problems);
    const { rules } = loaded;
    const changes = accessChanges(ruled.rules, rules);
    // Also when nothing has changed but lines: refusals name them.
    ruled.replaceRules(rules);
    for (const listener of this.#listeners) listener(rules);
    const { file } = rules;
    if (changes === undefined) return { outcome: 'unchanged', file };
    this.#logWarnings(loaded);
    this.#deps.logger.info(
      { file, ...counted(changes) },
      'the access file was reloaded: new rules are in force',
    );
    return { outcome: 'applied', file, changes };
  }

  /** What the access file and the files that it names look like. */
  async #lookAtFiles(): Promise<string> {
    const { jwt, mtls } = this.#ruled!.rules;
    const files = [this.#file, jwt?.jwksFile, mtls?.crlFile].filter((file) => file !== undefined);
    return (await Promise.all(files.map(lookAt))).join('\n');
  }

  #refuse(problems: readonly ConfigProblem[]): AccessReload {
    const file = problems[0]?.file ?? this.#file;
    this.#deps.logger.warn(
      { code: 'ACCESS_RELOAD_REFUSED', file, problems: problems.slice(0, MAX_LOGGED).map(formatProblem) },
      'the access file is not valid: the old rules stay in force',
    );
    return { outcome: 'invalid', file, problems };
  }

  #logWarnings({ rules, warnings }: Extract<LoadedAccess, { ok: true }>): void {
    if (warnings.length === 0) return;
    this.#deps.logger.warn(
      {
        code: 'ACCESS_RULES_OPEN',
        file: rules.file,
        problems: warnings.slice(0, MAX_LOGGED).map(formatProblem),
      },
      'the access file has rules that are hardly meant',
    );
  }
}

/** What a file looks like, without reading it. A link is followed: Kubernetes exchanges its target. */
async function lookAt(file: string): Promise<string> {
  try {
    const { dev, ino, size, mode, mtimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mode, mtimeNs].join(' ');
  } catch (thrown) {
    // It is gone, or cannot be reached: reading it says the same, with a place.
    return errorText(thrown);
  }
}

/** Names stay out of the log: there may be thousands. */
function counted({ users, roles, sections }: NonNullable<ReturnType<typeof accessChanges>>): object {
  const countOf = ({ added, removed, changed }: typeof users) => ({
    added: added.length,
    removed: removed.length,
    changed: changed.length,
  });
  return { users: countOf(users), roles: countOf(roles), ...(sections.length > 0 && { sections }) };
}
