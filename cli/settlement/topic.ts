import type { Topic } from '../command.ts';
import { bankCommand } from './bank-command.ts';
import { checkCommand } from './check-command.ts';
import { closeCommand } from './close-command.ts';
import { exportCommand } from './export-command.ts';
import { ingestCommand } from './ingest-command.ts';
import { payoutsCommand } from './payouts-command.ts';
import { postCommand } from './post-command.ts';
import { pullCommand } from './pull-command.ts';
import { receiptCommand } from './receipt-command.ts';
import { rematchCommand } from './rematch-command.ts';
import { resolveCommand } from './resolve-command.ts';
import { reverseCommand } from './reverse-command.ts';
import { verifyCommand } from './verify-command.ts';

export const settlementTopic: Topic = {
  name: 'settlement',
  summary:
    "Channels' settlement reports, payouts and bank statements: take them in, check them, post and verify the books",
  commands: [
    ingestCommand,
    checkCommand,
    payoutsCommand,
    bankCommand,
    receiptCommand,
    pullCommand,
    rematchCommand,
    resolveCommand,
    postCommand,
    reverseCommand,
    verifyCommand,
    closeCommand,
    exportCommand,
  ],
};
