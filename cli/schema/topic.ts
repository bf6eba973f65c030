import type { Topic } from '../command.ts';
import { approveCommand } from './approve-command.ts';
import { changelogCommand } from './changelog-command.ts';
import { checkCommand } from './check-command.ts';
import { composeCommand } from './compose-command.ts';
import { contractsCommand } from './contracts-command.ts';
import { diffCommand } from './diff-command.ts';
import { lintCommand } from './lint-command.ts';
import { operationsTopic } from './operations/topic.ts';
import { publishCommand } from './publish-command.ts';
import { rollbackCommand } from './rollback-command.ts';
import { usageTopic } from './usage/topic.ts';

export const schemaTopic: Topic = {
  name: 'schema',
  summary: 'The schema registry: what clients may rely on, and what a change does to them',
  commands: [
    composeCommand,
    checkCommand,
    diffCommand,
    lintCommand,
    approveCommand,
    publishCommand,
    rollbackCommand,
    contractsCommand,
    operationsTopic,
    changelogCommand,
    usageTopic,
  ],
};
