import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { change, query } from '../../platform/db/query.ts';
import { readDrift } from '../../platform/drift/drift.ts';
import type { Logger } from '../../platform/logger.ts';
import type { FileTraffic, SystemFeed, SystemHealth } from './model.ts';
import type { WatchedSystem } from './port.ts';

const REPORT_EVERY_MILLIS = 2_000;
/** A process that said nothing for so long does not count for the present state. */
export const SILENT_AFTER_SECONDS = 10;

export interface SystemHealthReporter {
  start(): void;
  /** Resolves when nothing is being written any more. */
  stop(): Promise<void>;
}

export interface SystemHealthReporterOptions {
  readonly knex: Knex;
  /** Name of this process, unique among those that run. */
  readonly process: string;
  readonly systems: readonly WatchedSystem[];
  readonly logger: Logger;
  /** Default 2000. */
  readonly everyMillis?: number;
}

/** Writes down every two seconds how this process finds the systems it talks to. A failed report is logged and made up for by the next. */
export function createSystemHealthReporter(options: SystemHealthReporterOptions): SystemHealthReporter {
  const { knex, process, systems, logger, everyMillis = REPORT_EVERY_MILLIS } = options;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await report(knex, process, systems);
      } catch (err) {
        logger.warn({ err }, 'the state of the systems of record could not be reported');
      }
      await sleep(everyMillis, stopping.signal);
    }
  }

  return {
    start() {
      running ??= run();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function report(knex: Knex, process: string, systems: readonly WatchedSystem[]): Promise<void> {
  const rows = await Promise.all(systems.map(async (system) => ({ ...system, routes: await system.routes(), files: (await system.files?.()) ?? null, ...system.statistics() }))); // biome-ignore format: one thought
  await change(
    knex,
    `with forgotten as (delete from integration.system_health where reported_at < now() - interval '1 day')
     insert into integration.system_health (process, system, name, kind, domains, ports, routes, files, circuit, last_success_at, p95_latency_ms)
     select ?, code, name, kind, domains, ports, routes, files, circuit, "lastSuccessAt", "p95LatencyMillis"
     from jsonb_to_recordset(?::jsonb) as seen (code text, name text, kind text, domains text[], ports jsonb, routes jsonb, files jsonb, circuit text,
       "lastSuccessAt" timestamptz, "p95LatencyMillis" double precision)
     on conflict (process, system) do update
       set name = excluded.name, kind = excluded.kind, domains = excluded.domains, ports = excluded.ports, routes = excluded.routes, files = excluded.files, circuit = excluded.circuit,
           last_success_at = excluded.last_success_at, p95_latency_ms = excluded.p95_latency_ms, reported_at = now()`,
    [process, JSON.stringify(rows)],
  );
}

/** Every system that a process knew within the last day: the worst circuit, the newest success and the slowest p95 of those that reported lately. */
export async function readSystems(knex: Knex): Promise<SystemHealth[]> {
  const rows = await query<
    Omit<SystemHealth, 'files'> & { readonly files: KeptTraffic | null; silenceSeconds: number | null }
  >(
    knex,
    `select system as code,
       (array_agg(name order by reported_at desc))[1] as name,
       (array_agg(kind order by reported_at desc))[1] as kind,
       coalesce((array_agg(ports order by reported_at desc) filter (where ports is not null))[1], '[]') as ports,
       coalesce((array_agg(routes order by reported_at desc) filter (where routes is not null))[1], '[]') as routes,
       (array_agg(files order by reported_at desc))[1] as files,
       (select extract(epoch from now() - min(contact.heard_at))::double precision from integration.system_contact contact
        where contact.system = health.system) as "silenceSeconds",
       array(select distinct domain from integration.system_health other, unnest(other.domains) domain
             where other.system = health.system order by domain) as domains,
       (array_agg(circuit order by array_position(array['OPEN', 'HALF_OPEN', 'CLOSED'], circuit)) filter (where lately and circuit is not null))[1] as circuit,
       max(last_success_at) as "lastSuccessAt",
       max(p95_latency_ms) filter (where lately) as "p95LatencyMs"
     from (select *, reported_at > now() - make_interval(secs => ?) as lately from integration.system_health) health
     group by system order by system`,
    [SILENT_AFTER_SECONDS],
  );
  const feeds = await query<SystemFeed & { system: string }>(
    knex,
    `select cursor.system, feed as name, updated_at as "movedAt", waiting_since as "waitingSince", behind_since as "behindSince", stall.feed is not null as "isStalled"
     from integration.feed_cursor cursor left join integration.feed_stall stall using (feed)
     where cursor.system is not null order by feed`,
  );
  const drifts = await readDrift(knex);
  return rows.map(({ silenceSeconds, files, ...row }) => ({
    ...row,
    files: files && momentsOf(files),
    shadows: drifts.filter(({ shadow }) => shadow === row.code),
    feeds: feeds.filter(({ system }) => system === row.code),
    routes: row.routes.map((route) => ({ ...route, silenceSeconds })),
  }));
}

/** As JSON keeps it. */
type KeptTraffic = { readonly [Moment in keyof FileTraffic]: string | null };

function momentsOf({ lastTakenAt, lastGivenAt, unansweredSince }: KeptTraffic): FileTraffic {
  const moment = (text: string | null) => (text === null ? null : new Date(text));
  return {
    lastTakenAt: moment(lastTakenAt),
    lastGivenAt: moment(lastGivenAt),
    unansweredSince: moment(unansweredSince),
  };
}
