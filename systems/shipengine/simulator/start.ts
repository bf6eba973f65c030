import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ShipEngineReferenceOptions {
  readonly apiKey: string;
  /** Codes of carriers that it knows. */
  readonly carriers: readonly string[];
}

/** A scan, as ShipEngine writes it. */
export interface ShipEngineScan {
  readonly status_code: string;
  readonly status_detail_code?: string | null;
  readonly occurred_at: string | null;
  readonly description?: string;
  readonly city_locality?: string | null;
}

/** A webhook, ready to be sent. */
export interface SentWebhook {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ShipEngineReference {
  readonly url: string;
  /** A carrier scans a parcel; whether anybody hears of it by a webhook is another thing. */
  scan(trackingNumber: string, scan: ShipEngineScan): void;
  /** The webhook that says how a parcel stands now. */
  webhook(trackingNumber: string, how?: { readonly sentAt?: Date; readonly type?: string }): SentWebhook;
  /** Signs with another key from now on; it is published. */
  changeKey(): void;
  /** All answers are 503 from now on, or no more. */
  isDown(down: boolean): void;
  /** Answers by status and path, such as `204 POST /v1/tracking/start`. */
  readonly answers: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** A server that speaks ShipEngine's tracking API over one account in memory, and signs webhooks as ShipEngine does; newest scans first. */
export async function startShipEngineReference(options: ShipEngineReferenceOptions): Promise<ShipEngineReference> {
  const parcels = new Map<string, { readonly carrier: string; readonly scans: ShipEngineScan[] }>();
  const answers: Record<string, number> = {};
  let keys: { readonly kid: string; readonly privateKey: KeyObject; readonly publicKey: KeyObject }[] = [];
  let down = false;
  const changeKey = () => {
    keys = [{ kid: `kid-${keys.length + 1}`, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }, ...keys];
  };
  changeKey();
  const server = createServer((message, response) => void answer(message, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  const url = `http://127.0.0.1:${address.port}`;

  function answer(message: IncomingMessage, response: ServerResponse): undefined {
    message.resume();
    const asked = new URL(message.url ?? '/', url);
    const send = (status: number, content?: unknown): undefined => {
      const route = `${status} ${message.method} ${asked.pathname}`;
      answers[route] = (answers[route] ?? 0) + 1;
      if (content === undefined) response.writeHead(status).end();
      else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
      return undefined;
    };
    const refuse = (status: number, error_code: string) =>
      send(status, { request_id: 'r-1', errors: [{ error_source: 'shipengine', error_type: 'validation', error_code, message: `the server says ${error_code}` }] }); // biome-ignore format: one thought
    if (down) return refuse(503, 'unspecified');
    if (message.method === 'GET' && asked.pathname === '/jwks')
      return send(200, { keys: keys.map(({ kid, publicKey }) => ({ kid, use: 'sig', alg: 'RS256', ...publicKey.export({ format: 'jwk' }) })) }); // biome-ignore format: one thought
    if (message.headers['api-key'] !== options.apiKey) return refuse(401, 'unauthorized');
    const carrier = asked.searchParams.get('carrier_code') ?? '';
    const number = asked.searchParams.get('tracking_number') ?? '';
    if (!options.carriers.includes(carrier)) return refuse(400, 'invalid_field_value');
    if (!/^[A-Za-z0-9]{4,40}$/.test(number)) return refuse(400, 'invalid_identifier');
    if (message.method === 'POST' && asked.pathname === '/v1/tracking/start') {
      if (!parcels.has(number)) parcels.set(number, { carrier, scans: [] });
      return send(204);
    }
    if (message.method !== 'GET' || asked.pathname !== '/v1/tracking') return refuse(404, 'not_found');
    if (parcels.get(number)?.carrier !== carrier) return refuse(404, 'not_found');
    return send(200, toJson(number));
  }

  function toJson(number: string): Record<string, unknown> {
    const { carrier = '', scans = [] } = parcels.get(number) ?? {};
    const last = scans.at(-1);
    return {
      tracking_number: number,
      tracking_url: `https://carrier.example/${number}`,
      status_code: last?.status_code ?? 'NY',
      status_detail_code: last?.status_detail_code ?? null,
      status_description: 'As it stands',
      carrier_code: carrier,
      carrier_status_code: 'M',
      ship_date: null,
      estimated_delivery_date: null,
      actual_delivery_date: last?.status_code === 'DE' ? last.occurred_at : null,
      exception_description: null,
      events: scans.toReversed().map(({ city_locality = 'LEEDS', description = 'Scan', status_detail_code = null, ...scan }) => ({ ...scan, status_detail_code, carrier_occurred_at: null, description, city_locality, state_province: 'ENG', postal_code: 'LS1 1AA', country_code: 'GB', company_name: '', signer: 'A. RECIPIENT', event_code: 'X1', latitude: 53.79, longitude: -1.52 })), // biome-ignore format: one scan
    };
  }

  return {
    url,
    scan(trackingNumber, scan) {
      const parcel = parcels.get(trackingNumber);
      if (!parcel) throw new Error(`${trackingNumber} is not tracked`);
      parcel.scans.push(scan);
    },
    webhook(trackingNumber, { sentAt = new Date(), type = 'API_TRACK' } = {}) {
      const [key] = keys;
      const body = JSON.stringify({ resource_url: `${url}/v1/tracking`, resource_type: type, data: toJson(trackingNumber) }); // biome-ignore format: one thought
      const time = sentAt.toISOString();
      return {
        body,
        headers: {
          'content-type': 'application/json',
          'x-shipengine-rsa-sha256-key-id': key?.kid ?? '',
          'x-shipengine-timestamp': time,
          'x-shipengine-rsa-sha256-signature': sign('sha256', Buffer.from(`${time}.${body}`), key?.privateKey as KeyObject).toString('base64'), // biome-ignore format: one thought
        },
      };
    },
    changeKey,
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
