import type { Topic } from '../command.ts';
import { composeCommand } from './compose-command.ts';

export const schemaTopic: Topic = {
  name: 'schema',
  summary: 'The schema registry: what clients may rely on, and what a change does to them',
  commands: [composeCommand],
};
