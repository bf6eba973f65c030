import { compareSoon } from '../../platform/channel-facts/compare.ts';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { channelSkuKey, giveOurSku } from '../../subgraphs/order/index.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { CommandFailure } from '../failure.ts';
import { withStore } from '../store.ts';

/** `commerce channel map` */
export async function map({ terminal, arguments: [code = '', theirs = '', sku = ''] }: Invocation): Promise<ExitCode> {
  const problem = await withStore(({ knex }) =>
    inTransaction(knex, async (trx) => {
      const channels = await query(trx, "select from integration.channel where code = ? and kind = 'MARKETPLACE'", [
        code,
      ]);
      if (channels.length === 0) return `There is no marketplace ${code}: only marketplaces have SKUs of their own.`;
      const key = channelSkuKey(code, theirs);
      const waiting = await query<{ id: string }>(
        trx,
        "select id from integration.exception where key = ? and state in ('OPEN', 'RETRYING')",
        [key],
      );
      if (waiting[0])
        return `Orders wait for this name: correct the exception ${waiting[0].id} with it, and they are placed.`;
      const given = await giveOurSku(trx, key, sku);
      if (given.kind === 'refused') return given.message;
      await compareSoon(trx, code);
      return null;
    }),
  );
  if (problem !== null) throw new CommandFailure(EXIT.REFUSED, problem);
  terminal.note(`${code} means ${sku} by ${theirs} from now on.`);
  return EXIT.OK;
}
