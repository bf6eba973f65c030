import type { Topic } from '../command.ts';
import { checkCommand } from './check-command.ts';
import { ingestCommand } from './ingest-command.ts';
import { verifyCommand } from './verify-command.ts';

export const settlementTopic: Topic = {
  name: 'settlement',
  summary: "Channels' settlement reports: take them in, check them",
  commands: [ingestCommand, checkCommand, verifyCommand],
};
