import type { Topic } from '../command.ts';
import { rebuildCommand } from './rebuild-command.ts';
import { verifyCommand } from './verify-command.ts';

export const stockTopic: Topic = {
  name: 'stock',
  summary: 'The stock ledger: verify the positions against it, rebuild them from it',
  commands: [verifyCommand, rebuildCommand],
};
