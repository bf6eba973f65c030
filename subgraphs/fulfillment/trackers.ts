import type { Knex } from 'knex';
import { sleep } from '../../platform/clock.ts';
import { change, query } from '../../platform/db/query.ts';
import { inTransaction } from '../../platform/db/transaction.ts';
import { isCommerceError } from '../../platform/errors.ts';
import type { TakenEntry } from '../../platform/feed/set-aside.ts';
import type { ObservedJournal } from '../../platform/observed/journal.ts';
import type { ReportUnusable } from './feeds.ts';
import type { CarrierTrackers } from './port.ts';
import { keepNews } from './tracker-feed.ts';

export interface ParcelTrackingDeps {
  readonly knex: Knex;
  readonly account: string;
  readonly trackers: Pick<CarrierTrackers, 'register' | 'read'>;
  readonly journal: ObservedJournal;
  /** Carriers of packages, in any letters. */
  readonly carriers: readonly string[];
  /** A parcel of which nothing was heard for so long is asked for. */
  readonly askHours: number;
  readonly report: ReportUnusable;
  /** Closes the exception of this key. */
  readonly settle: (key: string, by: string) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export interface ParcelTracking {
  /** Registers parcels that left, and asks for those that are due. @returns number of parcels that it turned to */
  step(signal: AbortSignal): Promise<number>;
  /** Goes on until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Registers a parcel that was refused once more. */
  takeAgain(id: string, signal: AbortSignal): Promise<TakenEntry | { readonly kind: 'gone' }>;
}

interface DueParcel {
  readonly id: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly tracker: string | null;
}

const PAUSE_MILLIS = 5_000;
/** After a failure, in milliseconds. */
const LONG_PAUSE_MILLIS = 30_000;
/** Parcels of one turn, one after the other: services give few calls a second. */
const PARCELS = 20;
/** Who took a parcel and ended has another take it after so long. */
const LEASE_SECONDS = 120;
/** What has not arrived by then is asked for no more: services keep trackers for about as long. */
const ASKED_DAYS = 90;
const OPEN = "p.status not in ('DELIVERED', 'LOST', 'CANCELLED')";
const COLUMNS = 'id::text, carrier, tracking_number as "trackingNumber", tracker';

/** Who takes a parcel again that an account refused to track. */
export const untrackedName = (account: string): string => `fulfillment:untracked:${account}`;

/** Has a service track parcels, and asks it for what its webhooks did not say. Any number of processes may share it. */
export function createParcelTracking(deps: ParcelTrackingDeps): ParcelTracking {
  const { knex, account, trackers, askHours } = deps;
  const accessKey = `carrier-access:${account}`;
  /** Whether the desk may show that our key is refused. */
  let mayBeDenied = true;

  async function notice(): Promise<void> {
    const carriers = deps.carriers.map((carrier) => carrier.toUpperCase());
    // A number may be used again once nobody expects the parcel that had it.
    await query(
      knex,
      `insert into fulfillment.tracker as known (account, carrier, tracking_number)
       select distinct ?, upper(p.carrier), p.tracking_number from fulfillment.package p
       where upper(p.carrier) = any (?::text[]) and ${OPEN} and not exists (
         select from fulfillment.tracker t where t.account = ? and t.carrier = upper(p.carrier)
         and t.tracking_number = p.tracking_number and t.closed_at is null)
       limit 500
       on conflict (tracking_number, carrier, account) do update
         set tracker = null, registered_at = null, refused = null, closed_at = null, due_at = now()
         where known.closed_at is not null`,
      [account, carriers, account],
    );
    await change(
      knex,
      `update fulfillment.tracker t set closed_at = now()
       where account = ? and closed_at is null and refused is null and due_at <= now() and not exists (
         select from fulfillment.package p where upper(p.carrier) = t.carrier and p.tracking_number = t.tracking_number and ${OPEN})`,
      [account],
    );
  }

  const take = () =>
    query<DueParcel>(
      knex,
      `update fulfillment.tracker set due_at = now() + ? * interval '1 second' where id in (
         select id from fulfillment.tracker
         where account = ? and closed_at is null and refused is null and due_at <= now()
           and (registered_at is null or registered_at > now() - ? * interval '1 day')
         order by due_at limit ? for update skip locked)
       returning ${COLUMNS}`,
      [LEASE_SECONDS, account, ASKED_DAYS, PARCELS],
    );

  /** @throws CommerceError as the service's port says */
  async function ask(parcel: DueParcel, signal: AbortSignal): Promise<void> {
    const known = parcel.tracker === null ? null : await trackers.read(parcel.tracker, signal);
    const news = known ?? (await trackers.register(parcel, signal));
    await keepNews(deps.journal, news);
    await change(
      knex,
      `update fulfillment.tracker set tracker = ?, refused = null, registered_at = coalesce(registered_at, now()),
         due_at = now() + ? * interval '1 hour' where id = ?`,
      [news.tracker, askHours, parcel.id],
    );
  }

  /** @throws what is not the parcel's fault */
  async function turnTo(parcel: DueParcel, signal: AbortSignal): Promise<void> {
    try {
      await ask(parcel, signal);
      if (mayBeDenied) await deps.settle(accessKey, account);
      mayBeDenied = false;
    } catch (error) {
      if (isDenial(error)) await tellOfDenial();
      const code = isDenial(error) ? null : refusalOf(error);
      if (code === null) throw error;
      await refuse(parcel, code);
    }
  }

  async function tellOfDenial(): Promise<void> {
    mayBeDenied = true;
    await inTransaction(knex, (trx) =>
      deps.report(trx, {
        key: accessKey,
        system: account,
        operation: 'carrier-access',
        message: `${account} refuses our key: no parcel is registered or asked for, webhooks are still taken. Set the variable that config/carriers.yaml names for it and restart the workers. This closes by itself.`,
      }),
    );
  }

  async function refuse(parcel: DueParcel, code: string): Promise<void> {
    await inTransaction(knex, async (trx) => {
      await change(trx, 'update fulfillment.tracker set refused = ? where id = ?', [code, parcel.id]);
      await deps.report(trx, {
        key: `tracker:${account}:${parcel.id}`,
        system: account,
        operation: 'register-tracker',
        message: untracked(account, parcel, code),
        setAside: { by: untrackedName(account), id: parcel.id },
        ...(await orderOf(trx, parcel)),
      });
    });
  }

  async function step(signal: AbortSignal): Promise<number> {
    await notice();
    const parcels = await take();
    for (const parcel of parcels) {
      if (signal.aborted) break; // the others come when their lease is over
      await turnTo(parcel, signal);
    }
    return parcels.length;
  }

  return {
    step,
    async run(signal) {
      while (!signal.aborted) {
        try {
          const count = await step(signal);
          if (count < PARCELS) await sleep(PAUSE_MILLIS, signal);
        } catch (error) {
          if (signal.aborted) return;
          deps.onFailure(error);
          await sleep(LONG_PAUSE_MILLIS, signal);
        }
      }
    },
    async takeAgain(id, signal) {
      const [parcel] = await query<DueParcel>(
        knex,
        `select ${COLUMNS} from fulfillment.tracker where account = ? and id = ? and closed_at is null`,
        [account, id],
      );
      if (!parcel) return { kind: 'gone' };
      try {
        await ask(parcel, signal);
        return { kind: 'handled' };
      } catch (error) {
        const code = refusalOf(error);
        if (code === null) throw error;
        return { kind: 'failed', cause: 'MAPPING', message: untracked(account, parcel, code) };
      }
    },
  };
}

/** Our key is not taken: every parcel would be refused alike. */
function isDenial(error: unknown): boolean {
  return isCommerceError(error) && error.code === 'SYSTEM_REJECTED' && [401, 402, 403].includes(Number(error.details.status)); // biome-ignore format: one thought
}

/** Code of a refusal; null of what is none. */
function refusalOf(error: unknown): string | null {
  if (!isCommerceError(error) || error.code !== 'SYSTEM_REJECTED') return null;
  return String(error.details.systemCode ?? error.details.status ?? 'REJECTED');
}

// The number opens the carrier's page with the buyer's address: its end tells parcels apart.
const untracked = (account: string, { carrier, trackingNumber }: DueParcel, code: string) =>
  `${account} does not track the parcel …${trackingNumber.slice(-4)} of ${carrier} (${code}): nobody will hear where it is. See what it calls this carrier (config/carriers.yaml) and whether the number is right, then retry.`;

/** The order that a parcel belongs to. */
async function orderOf(trx: Knex.Transaction, { carrier, trackingNumber }: DueParcel) {
  const [order] = await query<{ orderId: string; channelCode: string }>(
    trx,
    `select s.order_id as "orderId", s.channel_code as "channelCode"
     from fulfillment.package p join fulfillment.shipment s on s.id = p.shipment_id
     where p.tracking_number = ? and upper(p.carrier) = ? order by s.created_at desc limit 1`,
    [trackingNumber, carrier],
  );
  return order ?? {};
}
