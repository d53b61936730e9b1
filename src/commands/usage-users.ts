import { type Command, Option } from 'commander';
import { SluiceError } from '../lib/errors.js';
import { type ConfigOptions, configOption } from './options.js';
import { help } from './usage.js';

interface SecretWritten extends ConfigOptions {
  /** A text when somebody has put the secret into the arguments. */
  readonly token?: string | true;
  readonly password?: string | true;
  readonly passwordStdin?: true;
}

interface AddWritten extends SecretWritten {
  readonly role: readonly string[];
  readonly clientId?: string;
}

interface ImportWritten extends ConfigOptions {
  readonly mosquittoPasswords: string;
  readonly mosquittoAcl?: string;
  readonly role: readonly string[];
  readonly dryRun: boolean;
}

const ADD_NOTE = `A token goes to stdout, alone; everything else goes to stderr: TOKEN=$(sluice users add meter-17 --role device).
It is shown once and stored as a hash: a lost one is replaced with \`sluice users rotate\`. Tokens are cheap to check, and right for
devices; passwords are for people. The access file is the one of broker.access; without it access.yaml beside the
configuration, which is made with the roles device, viewer and operator.`;

const IMPORT_NOTE = `Passwords ($7$, PBKDF2) go on working; users with another hash are imported without one and named. Each \`topic\` and
\`pattern\` becomes a role. What cannot be expressed, such as \`deny\`, is omitted and named by line, and with it what it
would take a part of: nobody may more than before. Exit code 1: something was omitted.`;

/** `sluice users`: who may connect, and with which secret. */
export function addUsers(program: Command, finish: (exitCode: number) => void): void {
  const users = program
    .command('users')
    .description(
      'Add, change, list and import the users of the access file. A running gateway takes each change on its own.',
    )
    .addHelpText(
      'after',
      help(['users add meter-17 --role device', 'users rotate meter-17', 'users list -c sluice.yaml']),
    );
  addAdd(users, finish);
  addRotate(users, finish);
  addChanges(users, finish);
  addList(users, finish);
  addImport(users, finish);
}

function addAdd(users: Command, finish: (exitCode: number) => void): void {
  withSecretOptions(users.command('add'))
    .description('Add a user, by default with a token that is made and shown once.')
    .argument('<name>', 'its name, for devices also a level of their topics')
    .addOption(roleOption('a role of the access file, at least one; may be repeated'))
    .option(
      '--client-id <pattern>',
      'client ids of the user: {user} is its name, + stands for some characters',
    )
    .addOption(configOption())
    .addHelpText(
      'after',
      help(
        [
          'users add meter-17 --role device',
          'users add anna --role operator --password',
          'users add nodered --role viewer --client-id nodered-+ --password-stdin < password.txt',
        ],
        ADD_NOTE,
      ),
    )
    .action(async (name: string, written: AddWritten) => {
      const secret = secretKind(written) ?? 'token';
      if (written.role.length === 0) {
        throw new SluiceError('USAGE_INVALID', '--role is needed: without a role the user may do nothing');
      }
      const { addUser } = await import('./users.js');
      const { config, role, clientId } = written;
      finish(await addUser({ config, name, secret, roles: role, clientId }));
    });
}

function addRotate(users: Command, finish: (exitCode: number) => void): void {
  withSecretOptions(users.command('rotate'))
    .description(
      'Give a user a new secret, by default of the same kind. The old one ends, with its connections.',
    )
    .argument('<name>', 'the user')
    .addOption(configOption())
    .addHelpText('after', help(['users rotate meter-17', 'users rotate anna --password']))
    .action(async (name: string, written: SecretWritten) => {
      const secret = secretKind(written);
      const { rotateUser } = await import('./users.js');
      finish(await rotateUser({ config: written.config, name, secret }));
    });
}

function addChanges(users: Command, finish: (exitCode: number) => void): void {
  const changes = [
    ['remove', 'Remove a user. Its connections end.'],
    ['disable', 'Refuse a user, also with a certificate or a JWT. Its connections end.'],
    ['enable', 'Let a user in again that was disabled.'],
  ] as const;
  for (const [change, description] of changes) {
    users
      .command(change)
      .description(description)
      .argument('<name>', 'the user')
      .addOption(configOption())
      .addHelpText('after', help([`users ${change} meter-17`]))
      .action(async (name: string, { config }: ConfigOptions) => {
        const { changeUser } = await import('./users.js');
        finish(await changeUser({ config, name, change }));
      });
  }
}

function addList(users: Command, finish: (exitCode: number) => void): void {
  users
    .command('list')
    .description(
      'Show the users with the kind of their secret, their roles and client ids. Hashes are not shown.',
    )
    .addOption(configOption())
    .option('--json', 'print JSON', false)
    .addHelpText('after', help(['users list', 'users list --json']))
    .action(async (options: ConfigOptions & { readonly json: boolean }) => {
      const { listUsers } = await import('./users.js');
      finish(await listUsers(options));
    });
}

function addImport(users: Command, finish: (exitCode: number) => void): void {
  users
    .command('import')
    .description('Import the users of Mosquitto, with their passwords and permissions.')
    .requiredOption('--mosquitto-passwords <file>', 'its password_file')
    .option('--mosquitto-acl <file>', 'its acl_file')
    .addOption(roleOption('also give every user this role; may be repeated'))
    .option('--dry-run', 'only show what would be imported, and what not', false)
    .addOption(configOption())
    .addHelpText(
      'after',
      help(['users import --mosquitto-passwords passwd --mosquitto-acl acl --dry-run'], IMPORT_NOTE),
    )
    .action(async ({ config, mosquittoPasswords, mosquittoAcl, role, dryRun }: ImportWritten) => {
      const { importUsers } = await import('./import-users.js');
      finish(await importUsers({ config, mosquittoPasswords, mosquittoAcl, roles: role, dryRun }));
    });
}

function roleOption(description: string): Option {
  const add = (role: string, before: readonly string[]) => [...before, role];
  return new Option('--role <role>', description).argParser(add).default([], 'none');
}

/** They take a value only to refuse it: the parser would repeat it in its message. */
const REFUSED = ' [value]';

function withSecretOptions(command: Command): Command {
  return command
    .configureHelp({ optionTerm: ({ flags }) => flags.replace(REFUSED, '') })
    .addOption(new Option(`--token${REFUSED}`, 'make a token').conflicts(['password', 'passwordStdin']))
    .addOption(
      new Option(`--password${REFUSED}`, 'ask for a password on the terminal').conflicts('passwordStdin'),
    )
    .option('--password-stdin', 'read a password from stdin, up to its end');
}

/** Throws when a secret is in the arguments, without repeating it. */
function secretKind({ token, password, passwordStdin }: SecretWritten): 'token' | 'password' | undefined {
  if (typeof token === 'string') {
    throw new SluiceError('USAGE_INVALID', `--token makes a token and takes none: ${VISIBLE}`);
  }
  if (typeof password === 'string') {
    throw new SluiceError(
      'USAGE_INVALID',
      `${VISIBLE}: use --password without a value, which asks for it, or --password-stdin`,
    );
  }
  if (password === true && process.stdin.isTTY !== true) {
    throw new SluiceError('USAGE_INVALID', '--password needs a terminal; in scripts use --password-stdin');
  }
  if (token === true) return 'token';
  return password === true || passwordStdin === true ? 'password' : undefined;
}

const VISIBLE =
  'a secret in the arguments is visible to every user of this machine, and stays in the history';
