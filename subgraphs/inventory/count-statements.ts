import type { Knex } from 'knex';

/** How many statements `work` sends through `knex`, `begin` and `commit` included. */
export async function countStatements(knex: Knex, work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const onQuery = () => {
    count += 1;
  };
  knex.on('query', onQuery);
  try {
    await work();
  } finally {
    knex.removeListener('query', onQuery);
  }
  return count;
}
