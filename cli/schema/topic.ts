import type { Topic } from '../command.ts';
import { composeCommand } from './compose-command.ts';
import { operationsTopic } from './operations/topic.ts';
import { publishCommand } from './publish-command.ts';

export const schemaTopic: Topic = {
  name: 'schema',
  summary: 'The schema registry: what clients may rely on, and what a change does to them',
  commands: [composeCommand, publishCommand, operationsTopic],
};
