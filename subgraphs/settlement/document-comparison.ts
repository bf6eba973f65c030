import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import type { Comparison, Difference } from '../../platform/reconcile/comparison.ts';
import { saveDocumentStates } from './feeds.ts';
import type { FinanceAudit, RecordedDocument } from './port.ts';

const PAGE = 200;

interface Known {
  readonly number: string;
  readonly posting_key: string;
  readonly order_id: string;
  readonly order_number: string;
  readonly total_minor: string;
  readonly currency_code: string;
  readonly status: string | null;
}

/** Invoices and credit memos with the ERP's: the same documents, amounts and states. */
export function documentComparison(deps: { readonly knex: Knex; readonly erp: FinanceAudit }): Comparison {
  const { knex, erp } = deps;
  return {
    system: 'erp',
    subject: 'documents',

    async theirs(cursor, signal) {
      const { documents, next } = await erp.documents(cursor, PAGE, signal);
      const known = await knownOf(knex, documents.map((one) => one.number)); // biome-ignore format: one thought
      return {
        keys: documents.map((one) => one.number),
        differences: documents.flatMap((one) => differenceOf(one, known.get(one.number))),
        next,
      };
    },

    async ours(cursor) {
      const rows = await query<{ number: string }>(
        knex,
        'select number from settlement.document where number > ? order by number limit ?',
        [cursor ?? '', PAGE],
      );
      return { keys: rows.map((row) => row.number), next: rows.length < PAGE ? null : (rows.at(-1)?.number ?? null) };
    },

    async missing(keys, signal) {
      const known = await knownOf(knex, keys);
      const found: Difference[] = [];
      for (const one of known.values()) {
        if (await erp.has(one.posting_key, signal)) continue;
        found.push({
          key: one.number,
          what: `Document ${one.number} of order ${one.order_number}: recorded here, unknown to the ERP`,
          remedy: 'Have finance find out who removed it from the ERP: the money it stands for is in our ledger.',
          orderId: one.order_id,
          correctable: false,
        });
      }
      return found;
    },

    async correct(cursor, keys, signal) {
      const { documents } = await erp.documents(cursor, PAGE, signal);
      const wanted = documents.filter((one) => keys.includes(one.number));
      await inTransaction(knex, (trx) => saveDocumentStates(trx, wanted));
      const known = await knownOf(knex, keys);
      return wanted.filter((one) => known.get(one.number)?.status === one.status).map((one) => one.number);
    },
  };
}

function differenceOf(document: RecordedDocument, known: Known | undefined): Difference[] {
  const { number, totalMinor, currencyCode, status } = document;
  if (!known) {
    return [
      {
        key: number,
        what: `Document ${number}: posted by the ERP, recorded by no order here`,
        remedy:
          'Find the order by its reference in the ERP. Reverse the document there if nothing was shipped or returned.',
        correctable: false,
      },
    ];
  }
  const money = known.total_minor !== totalMinor.toString() || known.currency_code !== currencyCode;
  if (money) {
    return [
      {
        key: number,
        what: `Document ${number} of order ${known.order_number}: ${totalMinor} minor units of ${currencyCode} in the ERP, ${known.total_minor} of ${known.currency_code} here`,
        remedy: 'Somebody changed a posted document. Have finance correct it by another document.',
        orderId: known.order_id,
        correctable: false,
      },
    ];
  }
  if (known.status === status) return [];
  return [
    {
      key: number,
      what: `Document ${number} of order ${known.order_number}: ${status} in the ERP, ${known.status ?? 'unknown'} here`,
      remedy: 'The ERP is older than what we were told before. Have finance look at the document.',
      orderId: known.order_id,
      correctable: true,
    },
  ];
}

async function knownOf(knex: Knex, numbers: readonly string[]): Promise<Map<string, Known>> {
  const rows = await query<Known>(
    knex,
    `select number, posting_key, order_id, order_number, total_minor, currency_code, state.status
     from settlement.document left join settlement.document_state state using (number) where number = any (?::text[])`,
    [numbers],
  );
  return new Map(rows.map((row) => [row.number, row]));
}
