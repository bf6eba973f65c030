import type { Command, Option } from '../command.ts';
import { FORMATS } from './formats.ts';

export const BASE_OPTION: Option = {
  description: 'Compare with what the sources of this commit give, instead of with what was last published',
  value: 'git ref',
};

export const checkCommand: Command = {
  name: 'check',
  summary: 'Say what the change in the working tree does to everyone who relies on the graph',
  description:
    'Composition, contracts and their dated versions, registered operations, access rules, states, events, plans, lint of what\nchanged. Fails (exit code 1) on what must not go live and nobody approved. Needs no account and no network.',
  options: {
    base: BASE_OPTION,
    format: {
      description: 'How to report',
      value: 'format',
      choices: FORMATS,
      fallback: 'text',
    },
    output: { description: 'Write the report to a file, and only its outcome to the terminal', value: 'file' },
    report: {
      description: 'Also write the report to a file, such as sarif=report.sarif',
      value: 'format=file',
      repeatable: true,
    },
    all: { description: 'Also list what is harmless (text)' },
  },
  examples: [
    'npx commerce schema check',
    'npx commerce schema check --base origin/main --format markdown --output report.md',
  ],
  run: async (invocation) => (await import('./check.ts')).check(invocation),
};
