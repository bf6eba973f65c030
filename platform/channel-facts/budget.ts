import type { Knex } from 'knex';
import { change, query } from '../db/query.ts';
import type { TellingWay } from './channel.ts';
import type { Topic } from './note.ts';

/** Changes, or what a channel is told for the first time or all over again. Changes never wait for the fill. */
export type Queue = 'LIVE' | 'FILL';

/** What a way of telling a channel allows a queue at the moment. The fill finds wide ways scarce: it waits for a full submission. */
export interface WayState extends TellingWay {
  /** Submissions that may be sent now. */
  readonly tokens: number;
  /** Submissions that are left to the other queue. */
  readonly kept: number;
}

/** Pause of a way after failures one after the other: doubles from the first to the last, in seconds. */
const PAUSE = { first: 0.5, last: 60 } as const;

/** One token is kept back: requests reach the channel closer together than they left. */
const roomOf = ({ burst }: TellingWay) => Math.max(1, burst - 1);

const TOKENS = `least(:room, tokens + greatest(0, extract(epoch from clock_timestamp() - counted_at)) * :perSecond)`;

/** The ways of a channel with what they allow now, counted over all workers; those that are paused allow nothing. The fill leaves half to changes. */
export async function wayStates(
  knex: Knex,
  topic: Topic,
  ways: readonly TellingWay[],
  queue: Queue,
): Promise<WayState[]> {
  const states: WayState[] = [];
  for (const way of ways) {
    const named = { ...topic, way: way.name, room: roomOf(way), perSecond: way.perSecond };
    await change(knex, 'insert into integration.channel_way (channel_code, topic, way, tokens) values (:channelCode, :topic, :way, :room) on conflict do nothing', named); // biome-ignore format: one statement
    const [row] = await query<{ tokens: number }>(
      knex,
      `select case when paused_until > clock_timestamp() then 0 else ${TOKENS} end as tokens
       from integration.channel_way where channel_code = :channelCode and topic = :topic and way = :way`,
      named,
    );
    const kept = queue === 'FILL' ? Math.floor(roomOf(way) / 2) : 0;
    states.push({ ...way, kept, tokens: (row?.tokens ?? 0) - kept });
  }
  return states;
}

/** Takes a token of a way. False: another worker had the last one. */
export async function takeToken(trx: Knex, topic: Topic, way: WayState): Promise<boolean> {
  const taken = await change(
    trx,
    `update integration.channel_way set tokens = ${TOKENS} - 1, counted_at = clock_timestamp()
     where channel_code = :channelCode and topic = :topic and way = :way and paused_until <= clock_timestamp() and ${TOKENS} >= 1 + :kept`,
    { ...topic, way: way.name, room: roomOf(way), perSecond: way.perSecond, kept: way.kept },
  );
  return taken === 1;
}

/** The way failed: it is left alone for a while, longer each time. @returns failures one after the other */
export async function pauseWay(knex: Knex, topic: Topic, way: string): Promise<number> {
  const [row] = await query<{ failures: number }>(
    knex,
    `update integration.channel_way set failures = failures + 1,
       paused_until = clock_timestamp() + make_interval(secs => least(:last, :first * 2 ^ least(failures, 10)))
     where channel_code = :channelCode and topic = :topic and way = :way returning failures`,
    { ...topic, way, ...PAUSE },
  );
  return row?.failures ?? 0;
}

/** The way works. @returns whether it had failed before */
export async function openWay(trx: Knex, topic: Topic, way: string): Promise<boolean> {
  const healed = await change(
    trx,
    `update integration.channel_way set failures = 0, paused_until = '-infinity'
     where channel_code = :channelCode and topic = :topic and way = :way and failures > 0`,
    { ...topic, way },
  );
  return healed === 1;
}
