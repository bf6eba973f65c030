import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { signatureOf } from '../signature.ts';

export interface EasyPostReferenceOptions {
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Names of carriers that it knows. */
  readonly carriers: readonly string[];
  /** Default: any free port. */
  readonly port?: number;
  /** Hears of each parcel that is tracked from then on. */
  readonly onTracked?: (trackingCode: string) => void;
  /** Requests that are answered in a window, and how long one is in milliseconds. Default: any number. */
  readonly rate?: { readonly requests: number; readonly windowMillis: number };
}

/** A scan, as EasyPost writes it. */
export interface TrackingDetail {
  readonly status: string;
  readonly status_detail: string | null;
  readonly message: string;
  readonly datetime: string | null;
  readonly city: string | null;
}

/** A webhook, ready to be sent. */
export interface SentWebhook {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface EasyPostReference {
  readonly url: string;
  /** A carrier scans a parcel; whether anybody hears of it by a webhook is another thing. */
  scan(trackingCode: string, detail: TrackingDetail): void;
  /** The webhook that says how a tracker stands now. A new event each time. */
  webhook(trackingCode: string, how?: { readonly sentAt?: Date; readonly signatures?: 'both' | 'first' }): SentWebhook;
  /** All answers are 503 from now on, or no more. */
  isDown(down: boolean): void;
  /** Answers by status and path without ids, such as `201 POST /v2/trackers`. */
  readonly answers: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

interface Tracker {
  readonly id: string;
  readonly tracking_code: string;
  readonly carrier: string;
  readonly details: TrackingDetail[];
  updatedAt: Date;
}

/** Path of the receiver, as the webhooks say it. */
export const WEBHOOK_PATH = '/webhooks/carriers/easypost';

const newTracker = z.strictObject({
  tracker: z.strictObject({ tracking_code: z.string().regex(/^[A-Za-z0-9]{4,40}$/), carrier: z.string() }),
});

/**
 * A server that speaks EasyPost's tracker API over one account in memory, strictly: basic authorisation, JSON with nothing beside what is
 * documented, one tracker per number and carrier, its errors, 429 with Retry-After; and signs webhooks as EasyPost does.
 */
export async function startEasyPostReference(options: EasyPostReferenceOptions): Promise<EasyPostReference> {
  const trackers = new Map<string, Tracker>();
  const answers: Record<string, number> = {};
  let down = false;
  let window = { until: 0, left: 0 };
  const server = createServer((message, response) => {
    void answer(message, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const expected = `Basic ${Buffer.from(`${options.apiKey}:`).toString('base64')}`;

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = message.url ?? '/';
    const pieces: Buffer[] = [];
    for await (const piece of message as AsyncIterable<Buffer>) pieces.push(piece);
    const send = (status: number, content: unknown, headers: Record<string, string> = {}) => {
      const route = `${status} ${message.method} ${path.replace(/trk_\w+/, '{id}')}`;
      answers[route] = (answers[route] ?? 0) + 1;
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(content)); // biome-ignore format: one thought
    };
    const refuse = (status: number, code: string, headers: Record<string, string> = {}) =>
      send(status, { error: { code, message: `the server says ${code}`, errors: [] } }, headers);

    if (down) return refuse(503, 'SERVICE.UNAVAILABLE');
    if (message.headers.authorization !== expected) return refuse(401, 'APIKEY.INACTIVE');
    if (isTooFast()) return refuse(429, 'RATE_LIMITED', { 'retry-after': '1' });
    if (message.method === 'POST' && path === '/v2/trackers') {
      if (message.headers['content-type'] !== 'application/json') return refuse(415, 'UNSUPPORTED_MEDIA_TYPE');
      const parsed = newTracker.safeParse(JSON.parse(Buffer.concat(pieces).toString()));
      if (!parsed.success) return refuse(422, 'TRACKER.TRACKING_CODE.INVALID');
      const { tracking_code, carrier } = parsed.data.tracker;
      if (!options.carriers.includes(carrier)) return refuse(422, 'TRACKER.CARRIER.INVALID');
      const known = trackers.get(tracking_code);
      const tracker = known ?? { id: `trk_${randomUUID().replaceAll('-', '')}`, tracking_code, carrier, details: [], updatedAt: new Date() }; // biome-ignore format: one thought
      trackers.set(tracking_code, tracker);
      if (!known) options.onTracked?.(tracking_code);
      return send(201, toJson(tracker));
    }
    const [, id] = /^\/v2\/trackers\/(trk_\w+)$/.exec(path) ?? [];
    const found = [...trackers.values()].find((tracker) => tracker.id === id);
    if (message.method !== 'GET' || !found) return refuse(404, 'NOT_FOUND');
    send(200, toJson(found));
  }

  function isTooFast(): boolean {
    const { rate } = options;
    if (!rate) return false;
    if (Date.now() >= window.until) window = { until: Date.now() + rate.windowMillis, left: rate.requests };
    window.left -= 1;
    return window.left < 0;
  }

  function trackerOf(trackingCode: string): Tracker {
    const tracker = trackers.get(trackingCode);
    if (!tracker) throw new Error(`${trackingCode} is not tracked`);
    return tracker;
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    scan(trackingCode, detail) {
      const tracker = trackerOf(trackingCode);
      tracker.details.push(detail);
      tracker.updatedAt = new Date();
    },
    webhook(trackingCode, { sentAt = new Date(), signatures = 'both' } = {}) {
      const body = JSON.stringify({
        id: `evt_${randomUUID().replaceAll('-', '')}`,
        object: 'Event',
        mode: 'production',
        description: 'tracker.updated',
        previous_attributes: { status: 'unknown' },
        status: 'pending',
        pending_urls: [],
        completed_urls: [],
        created_at: sentAt.toISOString(),
        result: toJson(trackerOf(trackingCode)),
      });
      const time = sentAt.toUTCString();
      const second = signatureOf(options.webhookSecret, [time, 'POST', WEBHOOK_PATH, body]);
      return {
        body,
        headers: {
          'content-type': 'application/json',
          'x-hmac-signature': signatureOf(options.webhookSecret, [body]),
          ...(signatures === 'both' ? { 'x-timestamp': time, 'x-path': WEBHOOK_PATH, 'x-hmac-signature-v2': second } : {}), // biome-ignore format: one thought
        },
      };
    },
    isDown(isSo) {
      down = isSo;
    },
    answers,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toJson({ id, tracking_code, carrier, details, updatedAt }: Tracker): unknown {
  const last = details.at(-1);
  return {
    id,
    object: 'Tracker',
    mode: 'production',
    tracking_code,
    status: last?.status ?? 'unknown',
    status_detail: last?.status_detail ?? 'unknown',
    created_at: updatedAt.toISOString(),
    updated_at: updatedAt.toISOString(),
    signed_by: last?.status === 'delivered' ? 'A. RECIPIENT' : null,
    weight: null,
    shipment_id: null,
    carrier,
    tracking_details: details.map(({ city, ...detail }) => ({
      object: 'TrackingDetail',
      description: '',
      source: carrier,
      carrier_code: '',
      ...detail,
      tracking_location: { object: 'TrackingLocation', city, state: null, country: null, zip: '77063' },
    })),
    carrier_detail: { object: 'CarrierDetail', destination_location: 'CHARLESTON SC, 29401' },
    delivery_evidence: [{ object: 'DeliveryEvidence', signed_by: 'A. RECIPIENT' }],
    public_url: 'https://track.easypost.com/djE6',
  };
}
