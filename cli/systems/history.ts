import { query } from '../../platform/db/query.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { withStore } from '../store.ts';

interface Row {
  readonly domain: string;
  readonly part: string;
  readonly from_system: string;
  readonly to_system: string;
  readonly kind: string;
  readonly moved_by: string;
  readonly reason: string;
  readonly samples: number | null;
  readonly clean: number | null;
  readonly moved_at: Date;
}

/** `commerce systems history` */
export async function history({ terminal }: Invocation): Promise<ExitCode> {
  const rows = await withStore(({ knex }) =>
    query<Row>(knex, 'select * from integration.system_move order by id desc limit 100'),
  );
  for (const row of rows) {
    const what = row.part === '' ? row.domain : `${row.domain} (cohort ${row.part})`;
    const figures = row.samples === null ? '' : `, ${row.clean} of ${row.samples} samples clean`;
    terminal.out(`${row.moved_at.toISOString()} ${row.kind} ${what}: ${row.from_system} → ${row.to_system}, by ${row.moved_by}: ${row.reason}${figures}`); // biome-ignore format: one thought
  }
  if (rows.length === 0) terminal.note('Nothing was ever moved.');
  return EXIT.OK;
}
