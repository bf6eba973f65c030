import type { Command } from '../command.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'Check a mapping of a database: the file, and with an address the database too',
  description:
    'Reads only. Without an address only the file is checked. With one it is checked too that the views, columns and types exist, that keys are unique, that units and codes have translations, and that change columns can be relied upon. Exit code 1 when something is wrong.',
  arguments: [{ name: 'file', description: 'The mapping, such as config/sql/legacy-erp.yaml' }],
  options: {
    address: {
      description: 'Name of the environment variable with the address, such as LEGACY_URL',
      value: 'variable',
    },
    user: { description: 'Name of the variable with the user; left out: the address has it', value: 'variable' },
    password: {
      description: 'Name of the variable with the password; left out: the address has it',
      value: 'variable',
    },
  },
  examples: [
    'npx commerce systems check config/sql/legacy-erp.yaml',
    'npx commerce systems check config/sql/legacy-erp.yaml --address LEGACY_URL --user LEGACY_USER --password LEGACY_PASSWORD',
  ],
  run: async (invocation) => (await import('./check.ts')).check(invocation),
};
