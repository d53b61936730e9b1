import type { Command } from 'commander';
import type { ProfileShowOptions } from './options.js';
import { help } from './usage.js';

export function addProfiles(program: Command, finish: (exitCode: number) => void): void {
  const profiles = program
    .command('profiles')
    .description('List the profiles of rules for families of devices, or show one.')
    .addHelpText('after', help(['profiles list', 'profiles show tasmota']));
  profiles
    .command('list')
    .description('Print a line for each profile: its name, its title and the topics that it stores.')
    .addHelpText('after', help(['profiles list']))
    .action(async () => {
      const { listProfiles } = await import('./profiles.js');
      finish(listProfiles());
    });
  profiles
    .command('show')
    .description('Print a profile as it is.')
    .argument('<name>', 'name of a profile, or the path of one of your own')
    .option('--rules', 'print the rules that it stands for with its defaults', false)
    .addHelpText(
      'after',
      help(
        ['profiles show tasmota', 'profiles show tasmota --rules', 'profiles show ./plant.yaml --rules'],
        'An item of rules uses a profile: - { profile: tasmota, settings: { zone: Europe/Berlin } }. docs/profiles.md shows more.',
      ),
    )
    .action(async (name: string, options: ProfileShowOptions) => {
      const { showProfile } = await import('./profiles.js');
      finish(showProfile(name, options));
    });
}
