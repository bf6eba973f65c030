import type { Command } from '../command.ts';

export const changelogCommand: Command = {
  name: 'changelog',
  summary: 'Show what was published, and what it changed for whom',
  options: {
    contract: { description: 'Only what concerns this contract', value: 'contract' },
    since: { description: 'Only later publications than this one', value: 'number' },
    format: { description: 'How to print', value: 'format', choices: ['markdown', 'json'], fallback: 'markdown' },
  },
  examples: ['npx commerce schema changelog --contract storefront'],
  run: async (invocation) => (await import('./changelog.ts')).showChangelog(invocation),
};
