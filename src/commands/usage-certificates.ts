import { type Command, InvalidArgumentError, Option } from 'commander';
import { help } from './usage.js';

interface Written {
  readonly directory: string;
  readonly days: number;
  readonly name: readonly string[];
  readonly force: boolean;
}

const NOTE = `For trying TLS, and for networks of your own: devices need the file ca.crt. Certificates of a public CA are for names
that anybody looks up; the gateway reads those as well, and reads them again when they are renewed.`;

/** `sluice certificates`: a private CA, and certificates of the server and of clients. */
export function addCertificates(program: Command, finish: (exitCode: number) => void): void {
  const certificates = program
    .command('certificates')
    .description('Make and renew certificates of a private CA, for the server and for clients.')
    .addHelpText(
      'after',
      help(['certificates init', 'certificates renew', 'certificates client meter-17'], NOTE),
    );
  certificates
    .command('init')
    .description('Make a CA and a certificate for the names and addresses of this machine.')
    .addOption(directoryOption())
    .addOption(nameOption())
    .addOption(daysOption())
    .option('--force', 'replace what is there: every device then needs the new ca.crt', false)
    .addHelpText(
      'after',
      help(['certificates init', 'certificates init --name gateway.example.com --days 90']),
    )
    .action(async ({ directory, name, days, force }: Written) => {
      const { initCertificates } = await import('./certificates.js');
      finish(initCertificates({ directory, names: name, days, force }));
    });
  certificates
    .command('renew')
    .description('Make a new certificate of the server, with the same names, CA and key.')
    .addOption(directoryOption())
    .addOption(nameOption())
    .addOption(daysOption())
    .addHelpText('after', help(['certificates renew']))
    .action(async ({ directory, name, days }: Written) => {
      const { renewCertificate } = await import('./certificates.js');
      finish(renewCertificate({ directory, names: name, days }));
    });
  certificates
    .command('client')
    .description('Make a certificate by which a client signs in, its name being the user.')
    .argument('<name>', 'the user, for devices also the client id')
    .addOption(directoryOption())
    .addOption(daysOption())
    .option('--force', 'replace the certificate of this name', false)
    .addHelpText('after', help(['certificates client meter-17']))
    .action(async (name: string, { directory, days, force }: Written) => {
      const { issueClient } = await import('./certificates.js');
      finish(issueClient({ directory, name, days, force }));
    });
}

function directoryOption(): Option {
  return new Option('--directory <directory>', 'where the files are').default('certificates');
}

function nameOption(): Option {
  return new Option('--name <name>', 'a further DNS name or IP address of the server; may be repeated')
    .argParser((name: string, before: readonly string[]) => [...before, name])
    .default([]);
}

/** Browsers and operating systems refuse certificates for longer. */
const MAX_DAYS = 825;

function daysOption(): Option {
  return new Option('--days <days>', `how long it is valid, 1 to ${MAX_DAYS}`)
    .argParser((text: string) => {
      const days = Number(text);
      if (Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return days;
      throw new InvalidArgumentError(`A whole number from 1 to ${MAX_DAYS} is expected.`);
    })
    .default(365);
}
