import type { Command } from '../command.ts';
import { FORMAT_NAMES } from './formats.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'Say whether a report can be read and adds up; store nothing',
  description:
    "Without --format the file is a summary statement that has no lines: the answer of Amazon's listBalances or listSummary,\nor Walmart's payment statement.",
  arguments: [{ name: 'file', description: 'the report' }],
  options: {
    format: { description: 'Its format', value: 'format', choices: FORMAT_NAMES },
    encoding: { description: 'Its encoding, where the bytes do not tell', value: 'name' },
  },
  examples: [
    'npx commerce settlement check 177.txt --format amazon-v2',
    'npx commerce settlement check listBalances.json',
  ],
  run: async (invocation) => (await import('./check.ts')).check(invocation),
};
