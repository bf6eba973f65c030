import type { Command } from '../command.ts';
import { BASE_OPTION } from './check-command.ts';

export const approveCommand: Command = {
  name: 'approve',
  summary: 'Take the responsibility for a finding of the check, in schema/approvals.yaml',
  description:
    'Commit the file with the change. The approval holds for the contract versions in which the finding is now.',
  arguments: [{ name: 'id', description: 'of the finding, as the check prints it' }],
  options: {
    by: { description: 'Who', value: 'name' },
    reason: { description: 'Why clients can bear it', value: 'text' },
    expires: {
      description: 'First day on which it no longer holds (UTC), after today',
      value: 'YYYY-MM-DD',
      fallback: 'never',
    },
    base: BASE_OPTION,
  },
  examples: [
    'npx commerce schema approve 3f2a91c07d --by "A. Owner" --reason "Only the till asked for it, and moved" --expires 2027-01-31',
  ],
  run: async (invocation) => (await import('./approve.ts')).approve(invocation),
};
