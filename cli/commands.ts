import { auditTopic } from './audit/topic.ts';
import { channelTopic } from './channel/topic.ts';
import type { Topic } from './command.ts';
import { completionCommand } from './completion-command.ts';
import { exceptionsTopic } from './exceptions/topic.ts';
import { keyTopic } from './key/topic.ts';
import { reconcileCommand } from './reconcile/reconcile-command.ts';
import { replayTopic } from './replay/topic.ts';
import { schemaTopic } from './schema/topic.ts';
import { settlementTopic } from './settlement/topic.ts';
import { sourcingTopic } from './sourcing/topic.ts';
import { stockTopic } from './stock/topic.ts';
import { systemsTopic } from './systems/topic.ts';

/** The whole command line. A topic has a folder of its own, and one line here. */
export const commands: Topic = {
  name: 'commerce',
  summary: 'The command line of the commerce supergraph.',
  commands: [
    schemaTopic,
    channelTopic,
    keyTopic,
    auditTopic,
    exceptionsTopic,
    replayTopic,
    settlementTopic,
    stockTopic,
    sourcingTopic,
    systemsTopic,
    reconcileCommand,
    completionCommand(() => commands),
  ],
};
