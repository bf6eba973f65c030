import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';
import { inTransaction } from '../db/transaction.ts';

/** A record as it was last seen. Its body is what JSON keeps of it. */
export interface ObservedRecord<Body> {
  readonly key: string;
  /** Number of its newest change in the stream. */
  readonly position: number;
  readonly body: Body;
}

/**
 * Gives change numbers to records of a system that has none of its own: whoever looks at the system hands over what it saw,
 * and what is new or different gets the next numbers. Any number of processes may look and read.
 */
export interface ObservedJournal {
  /** Begins a look at the system. Call it before the first read: a look that began later counts as newer. */
  begin(stream: string): Promise<Look>;
  /** Records after a position in the order of their numbers, at most `limit`. */
  read<Body>(stream: string, after: number, limit: number): Promise<readonly ObservedRecord<Body>[]>;
  /** The records under these keys in the order of their numbers; unknown keys are absent. */
  find<Body>(stream: string, keys: readonly string[]): Promise<readonly ObservedRecord<Body>[]>;
  /** Reads and writes in one transaction, alone with a stream among all processes, without a look. */
  write<Result>(stream: string, work: (writer: JournalWriter) => Promise<Result>): Promise<Result>;
  /** Number of the newest change. 0 before the first. */
  head(stream: string): Promise<number>;
  /** Forgets records up to a number: what comes again under their keys is new. At most so many at once. @returns how many */
  forget(stream: string, upTo: number, limit: number): Promise<number>;
}

export interface Look {
  /**
   * Takes over all records of the stream as they were seen. Records that were not seen any more get the body that
   * `gone` gives them.
   * @returns false, and changes nothing, when a look that began later was taken over before
   */
  settleAll<Body>(seen: ReadonlyMap<string, Body>, gone: (key: string) => Body): Promise<boolean>;
  /**
   * Decides in one transaction, alone among all processes, what follows from what was seen.
   * @returns what `work` returns, or null, with nothing done, when a look that began later was taken over before
   */
  settle<Result>(work: (writer: JournalWriter) => Promise<Result>): Promise<Result | null>;
}

/** Reads and writes records of any stream of the system, inside one transaction. */
export interface JournalWriter {
  find<Body>(stream: string, keys: readonly string[]): Promise<readonly ObservedRecord<Body>[]>;
  /** Writes records; those that are already known like this keep their numbers. @returns number of the newest change */
  put(stream: string, records: ReadonlyMap<string, unknown>): Promise<number>;
}

/** @param system name of the system, e.g. tryton; two installations have two names */
export function openObservedJournal(knex: Knex, system: string): ObservedJournal {
  return {
    async begin(stream) {
      const [row] = await query<{ begun: string }>(
        knex,
        `insert into integration.observed_stream as known (system, stream, begun) values (?, ?, 1)
         on conflict (system, stream) do update set begun = known.begun + 1 returning begun`,
        [system, stream],
      );
      return openLook(knex, system, stream, Number(row?.begun));
    },

    async read<Body>(stream: string, after: number, limit: number) {
      const rows = await query<{ key: string; position: string; body: Body }>(
        knex,
        `select key, position, body from integration.observed_record
         where system = ? and stream = ? and position > ? order by position limit ?`,
        [system, stream, after, limit],
      );
      return rows.map((row) => ({ ...row, position: Number(row.position) }));
    },

    find: (stream, keys) => findRecords(knex, system, stream, keys),

    write: (stream, work) =>
      inTransaction(knex, async (trx) => {
        await lockStream(trx, system, stream);
        return work(writerOf(trx, system));
      }),

    async head(stream) {
      const [row] = await query<{ position: string }>(
        knex,
        'select position from integration.observed_stream where system = ? and stream = ?',
        [system, stream],
      );
      return Number(row?.position ?? 0);
    },

    forget: (stream, upTo, limit) =>
      change(
        knex,
        `delete from integration.observed_record where system = ? and stream = ? and position in (
           select position from integration.observed_record where system = ? and stream = ? and position <= ? order by position limit ?)`,
        [system, stream, system, stream, upTo, limit],
      ),
  };
}

function openLook(knex: Knex, system: string, stream: string, number: number): Look {
  async function settle<Result>(work: (writer: JournalWriter) => Promise<Result>): Promise<Result | null> {
    return inTransaction(knex, async (trx) => {
      const claimed = await query(
        trx,
        'update integration.observed_stream set settled = ? where system = ? and stream = ? and settled < ? returning 1',
        [number, system, stream, number],
      );
      if (claimed.length === 0) return null;
      return work(writerOf(trx, system));
    });
  }

  return {
    settle,
    async settleAll(seen, gone) {
      const settled = await settle(async ({ put }) => {
        const missing = await keysBut([...seen.keys()]);
        return put(stream, new Map([...seen, ...missing.map((key) => [key, gone(key)] as const)]));
      });
      return settled !== null;
    },
  };

  async function keysBut(seen: readonly string[]): Promise<string[]> {
    const rows = await query<{ key: string }>(
      knex,
      `select key from integration.observed_record where system = ? and stream = ?
       except select unnest(?::text[]) order by key`,
      [system, stream, seen],
    );
    return rows.map(({ key }) => key);
  }
}

const writerOf = (trx: Knex.Transaction, system: string): JournalWriter => ({
  find: (stream, keys) => findRecords(trx, system, stream, keys),
  put: (stream, records) => putRecords(trx, system, stream, records),
});

async function findRecords<Body>(
  knex: Knex,
  system: string,
  stream: string,
  keys: readonly string[],
): Promise<readonly ObservedRecord<Body>[]> {
  if (keys.length === 0) return [];
  const rows = await query<{ key: string; position: string; body: Body }>(
    knex,
    `select key, position, body from integration.observed_record
     where system = ? and stream = ? and key = any (?::text[]) order by position`,
    [system, stream, keys],
  );
  return rows.map((row) => ({ ...row, position: Number(row.position) }));
}

/** @returns number of the newest change; nobody else gives one out until the transaction ends */
async function lockStream(trx: Knex.Transaction, system: string, stream: string): Promise<number> {
  await query(trx, 'insert into integration.observed_stream (system, stream) values (?, ?) on conflict do nothing', [
    system,
    stream,
  ]);
  const [row] = await query<{ position: string }>(
    trx,
    'select position from integration.observed_stream where system = ? and stream = ? for update',
    [system, stream],
  );
  return Number(row?.position);
}

/** The stream is locked while numbers are given out, so that none is seen before a lower one. */
async function putRecords(
  trx: Knex.Transaction,
  system: string,
  stream: string,
  records: ReadonlyMap<string, unknown>,
): Promise<number> {
  const position = await lockStream(trx, system, stream);
  if (records.size === 0) return position;
  const [written] = await query<{ count: string }>(
    trx,
    `with given as (
       select key, body::jsonb as body, place from unnest(?::text[], ?::text[]) with ordinality as one (key, body, place)
     ), changed as (
       select given.key, given.body, row_number() over (order by place) as number
       from given left join integration.observed_record known
         on known.system = ? and known.stream = ? and known.key = given.key
       where known.body is distinct from given.body
     ), written as (
       insert into integration.observed_record (system, stream, key, position, body)
       select ?, ?, key, ?::bigint + number, body from changed
       on conflict (system, stream, key) do update set position = excluded.position, body = excluded.body
       returning 1
     )
     select count(*) from written`,
    [
      [...records.keys()],
      [...records.values()].map((body) => JSON.stringify(body)),
      system,
      stream,
      system,
      stream,
      position,
    ],
  );
  const newest = position + Number(written?.count ?? 0);
  await query(trx, 'update integration.observed_stream set position = ? where system = ? and stream = ?', [
    newest,
    system,
    stream,
  ]);
  return newest;
}
