import type { Knex } from 'knex';
import { query } from '../../platform/db/query.ts';
import { STREAMS } from './records.ts';

/** What is known of the exchange of files with a 3PL. */
export interface X12Traffic {
  /** When a file of its was taken in last, wholly or in part. Null before the first. */
  readonly lastTakenAt: Date | null;
  /** When a file was last put into its folder. Null before the first. */
  readonly lastGivenAt: Date | null;
  /** Since when the oldest order waits for its 997, or its 945. Null when none does. */
  readonly unansweredSince: Date | null;
}

/** Marks of the journal that tell when files went. */
export const takenMark = (partner: string) => `taken ${partner}`;
export const givenMark = (partner: string) => `given ${partner}`;

/** Reads it from the journal of the exchange. */
export async function readX12Traffic(knex: Knex, partner: string): Promise<X12Traffic> {
  const [row] = await query<X12Traffic>(
    knex,
    `select
       (select (body ->> 'at')::timestamptz from integration.observed_record where system = 'x12' and stream = :marks and key = :taken) as "lastTakenAt",
       (select (body ->> 'at')::timestamptz from integration.observed_record where system = 'x12' and stream = :marks and key = :given) as "lastGivenAt",
       (select min((asked.body ->> 'occurredAt')::timestamptz) from integration.observed_record ordered
        join integration.observed_record asked on asked.system = 'x12' and asked.stream = :events and asked.key = 'RECEIVED ' || ordered.key
        where ordered.system = 'x12' and ordered.stream = 'x12-orders' and ordered.body ->> 'state' = 'ASKED' and ordered.body ->> 'partner' = :partner) as "unansweredSince"`,
    { marks: STREAMS.marks, events: STREAMS.events, taken: takenMark(partner), given: givenMark(partner), partner },
  );
  return row ?? { lastTakenAt: null, lastGivenAt: null, unansweredSince: null };
}
