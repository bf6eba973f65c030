import { closeSync, createReadStream, existsSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  isReportRefusal,
  loadPostingRules,
  readTransfers,
  takeBankStatement,
  takeTransfers,
} from '../../subgraphs/settlement/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { environment, usage } from '../failure.ts';
import { withStore } from '../store.ts';
import { commandActor } from './actor.ts';

/** What the bank said otherwise than before. The exception desk has the amounts. */
const SAID = {
  CHANGED:
    'is an entry that was told before with another amount or day: it counts as no money until `settlement receipt` says so',
  ADDED:
    'is new in a statement that was sent before without it: it counts as no money until `settlement receipt` says so',
  MISSING: 'is missing in the statement that was sent again: it counts as before',
} as const;

/** `commerce settlement bank` */
export function bank(invocation: Invocation): Promise<ExitCode> {
  const file = fileOf(invocation);
  const format =
    (invocation.value('format') ?? (startsAsXml(file) ? 'camt' : 'csv')) === 'camt' ? 'CAMT_053' : 'BANK_CSV';
  return orRefused(invocation, () =>
    withStore(async ({ knex }) => {
      const outcome = await takeBankStatement(knex, loadPostingRules(), {
        format,
        actor: commandActor(),
        bytes: () => createReadStream(file),
      });
      for (const { receiptId, conflict } of outcome.contradictions) invocation.terminal.out(`${receiptId} ${SAID[conflict]}`); // biome-ignore format: one thought
      const { received, known, matched, differing, takenBack, waiting, unmatched } = outcome;
      return `${received} new receipts, ${known} known; ${matched} payouts arrived, ${differing} of them with another amount; taken back by the bank: ${takenBack}; money that left without a payout: ${waiting}; credits without a payout: ${unmatched}`;
    }),
  );
}

/** `commerce settlement payouts` */
export function payouts(invocation: Invocation): Promise<ExitCode> {
  const file = fileOf(invocation);
  const channel = invocation.value('channel');
  if (channel === undefined) throw usage('Which channel are they of? Say --channel <code>, such as AMAZON.');
  return orRefused(invocation, async () => {
    const transfers = readTransfers(await readFile(file, 'utf8'));
    const { added, moved, unknown } = await withStore(({ knex }) =>
      takeTransfers(knex, loadPostingRules(), channel, transfers, commandActor()),
    );
    const unclear = unknown.length === 0 ? '' : `; ${unknown.length} of unknown status, which stay where they are: ${[...new Set(unknown)].join(', ')}`; // biome-ignore format: one thought
    return `${transfers.length} payouts: ${added} new, ${moved} moved${unclear}`;
  });
}

async function orRefused({ terminal }: Invocation, work: () => Promise<string>): Promise<ExitCode> {
  try {
    terminal.out(await work());
    return EXIT.OK;
  } catch (error) {
    if (!isReportRefusal(error)) throw error;
    terminal.out(`${terminal.style('red', `refused, ${error.code}`)}: ${error.message} Nothing of it was stored.`);
    return EXIT.REFUSED;
  }
}

function fileOf({ arguments: [file = ''] }: Invocation): string {
  if (!existsSync(file)) throw environment(`${file} is not there.`);
  return file;
}

function startsAsXml(file: string): boolean {
  const head = Buffer.alloc(64);
  const opened = openSync(file, 'r');
  readSync(opened, head, 0, 64, 0);
  closeSync(opened);
  // In UTF-16 every other byte of ASCII is zero.
  return head
    .toString('latin1')
    .replaceAll(/[\0\s\xef\xbb\xbf\xfe\xff]/g, '')
    .startsWith('<');
}
