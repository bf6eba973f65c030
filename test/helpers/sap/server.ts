import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EntityType, ServiceModel } from './edmx.ts';
import { SERVICES } from './models.ts';
import { checkBody, type Entity, filled, invalid, Refusal } from './payload.ts';
import { answerQuery, etagOf, present, type Tables } from './query.ts';

const ROOT = '/sap/opu/odata/sap';
const USER = 'COMMERCE';
const PASSWORD = 'trial';

/**
 * A server that behaves as SAP's gateway does, after the metadata of its services: tokens of a session for everything that
 * writes, ETags, deep inserts, and no forgiveness. It knows no request that it got before.
 */
export interface TestSap {
  readonly options: { address: string; user: string; password: string };
  readonly seen: { reads: number; writes: number; tokens: number; refusedTokens: number; creations: number };
  /** Entities of a page at most. */
  pageSize: number;
  /** Answers of creations to come that get lost, after the order was made. */
  loseAnswers: number;
  /** Orders appear this many looks after they were made. */
  lateLooks: number;
  /** Puts an entity in place of that of the same key. */
  put(service: string, type: string, entity: Entity): void;
  remove(service: string, type: string, key: Entity): void;
  rows(service: string, type: string): readonly Entity[];
  /** Every token that was given out ends, with its session. */
  endSessions(): void;
  stop(): Promise<void>;
}

export async function startSap(): Promise<TestSap> {
  const kept = new Map<string, Entity[]>();
  const tables = (service: string): Tables => ({ of: (type) => [...(kept.get(`${service} ${type}`) ?? [])] });
  const seen = { reads: 0, writes: 0, tokens: 0, refusedTokens: 0, creations: 0 };
  let sessions = new Map<string, string>();
  let orders = 0;
  let changes = 0;
  let hidden: { entity: Entity; looks: number }[] = [];

  const typeOf = (service: string, type: string) => {
    const found = SERVICES[service]?.types.get(type);
    if (!found) throw new Error(`${service} has no type ${type}`);
    return found;
  };
  const isSame = (type: EntityType, a: Entity, b: Entity) => type.key.every((name) => a[name] === b[name]);
  function put(service: string, name: string, entity: Entity): Entity {
    const type = typeOf(service, name);
    const full = filled(type, entity);
    const others = (kept.get(`${service} ${name}`) ?? []).filter((one) => !isSame(type, one, full));
    kept.set(`${service} ${name}`, [...others, full]);
    return full;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
      const innererror = { application: { component_id: 'SD-SLS', service_namespace: '/SAP/' }, transactionid: randomUUID(), errordetails: [] }; // biome-ignore format: one thought
      send(response, error.status, { error: { code: error.code, message: { lang: 'en', value: error.message }, innererror } }); // biome-ignore format: one thought
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const sap: TestSap = {
    options: { address: `${origin}${ROOT}?sap-client=100`, user: USER, password: PASSWORD },
    seen,
    pageSize: 5_000,
    loseAnswers: 0,
    lateLooks: 0,
    put(service, name, entity) {
      checkBody(SERVICES[service] as ServiceModel, typeOf(service, name), entity, 'given');
      put(service, name, entity);
    },
    remove(service, name, key) {
      const rows = kept.get(`${service} ${name}`) ?? [];
      kept.set(`${service} ${name}`, rows.filter((one) => !Object.entries(key).every(([property, value]) => one[property] === value))); // biome-ignore format: one thought
    },
    rows: (service, name) => tables(service).of(name),
    endSessions() {
      sessions = new Map();
    },
    stop: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  }; // biome-ignore format: one thought
  return sap;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    if (request.headers.authorization !== `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="SAP NetWeaver Application Server"', 'content-type': 'text/html' }); // biome-ignore format: one thought
      response.end('<html><head><title>Logon Error Message</title></head></html>');
      return;
    }
    if (url.searchParams.get('sap-client') !== '100') throw new Refusal(404, 'ICF', 'no such client');
    const [, service = '', rest = ''] = /^\/sap\/opu\/odata\/sap\/(\w+)\/(.*)$/.exec(url.pathname) ?? [];
    const model = SERVICES[service];
    if (!model) throw new Refusal(403, '/IWFND/MED/170', `No service found for namespace '', name '${service}', version '0001'`);
    const [, set = '', key] = /^(\w+)(?:\((.*)\))?$/.exec(decodeURIComponent(rest)) ?? [];
    const type = model.types.get(model.sets.get(set)?.type ?? '');
    if (rest !== '' && !type) throw new Refusal(404, '005056A509B11EE1B9A8FEC11C21D78E', `Resource not found for the segment '${set}'.`);
    if (request.method === 'GET') return read(service, model, type, url, request, response);
    if (!isOfSession(request)) {
      seen.refusedTokens += 1;
      response.writeHead(403, { 'x-csrf-token': 'Required', 'content-type': 'text/plain' });
      response.end('CSRF token validation failed');
      return;
    }
    seen.writes += 1;
    if (!type) throw invalid('Nothing is written here');
    if (request.method === 'POST' && key === undefined) return create(service, model, type, set, url, request, response);
    const [entity] = tables(service).of(type.name).filter((one) => keyText(type, one).includes(key ?? ''));
    if (!entity) throw new Refusal(404, '/IWBEP/CM_MGW_RT/020', 'Resource not found');
    requireEtag(type, entity, request.headers['if-match']);
    if (request.method === 'PATCH') {
      const body = await bodyOf(request);
      checkBody(model, type, body, 'update');
      put(service, type.name, { ...entity, ...(body as Entity) });
    } else sap.remove(service, type.name, Object.fromEntries(type.key.map((name) => [name, entity[name]])));
    if ('SalesOrder' in entity) touch(service, String(entity.SalesOrder));
    response.writeHead(204);
    response.end();
  } // biome-ignore format: one thought

  function read(service: string, model: ServiceModel, type: EntityType | undefined, url: URL, request: IncomingMessage, response: ServerResponse): void {
    seen.reads += 1;
    const headers: Record<string, string | string[]> = {};
    if (String(request.headers['x-csrf-token']).toLowerCase() === 'fetch') {
      const [session, token] = [randomUUID(), randomUUID()];
      sessions.set(session, token);
      seen.tokens += 1;
      headers['x-csrf-token'] = token;
      headers['set-cookie'] = [`SAP_SESSIONID_S4H_100=${session}; path=/; HttpOnly`, 'sap-usercontext=sap-client=100; path=/'];
    }
    if (!type) {
      send(response, 200, { d: { EntitySets: [...model.sets.keys()] } }, headers);
      return;
    }
    hidden = hidden.map(({ entity, looks }) => ({ entity, looks: looks - 1 })).filter(({ looks }) => looks > 0);
    const isShown = (one: Entity) => !hidden.some(({ entity }) => entity.SalesOrder === one.SalesOrder);
    const shown: Tables = { of: (name) => tables(service).of(name).filter(isShown) };
    send(response, 200, answerQuery(model, shown, type, url, sap.pageSize), headers);
  } // biome-ignore format: one thought

  async function create(service: string, model: ServiceModel, type: EntityType, set: string, url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (!model.sets.get(set)?.isCreatable) throw new Refusal(405, '/IWBEP/CM_MGW_RT/021', 'Method not allowed');
    checkBody(model, type, body, 'create');
    if (type.name !== 'A_SalesOrderType') throw invalid('Only sales orders are made here');
    seen.creations += 1;
    orders += 1;
    const entity = createOrder(service, model, type, body as Entity, String(orders));
    if (sap.lateLooks > 0) hidden.push({ entity, looks: sap.lateLooks });
    if (sap.loseAnswers > 0) {
      sap.loseAnswers -= 1;
      request.socket.destroy();
      return;
    }
    send(response, 201, { d: present(model, tables(service), type, entity, ['to_Item'], null, url) }, { etag: etagOf(type, entity) });
  } // biome-ignore format: one thought

  function createOrder(service: string, model: ServiceModel, type: EntityType, body: Entity, number: string): Entity {
    const order = put(service, type.name, { ...body, SalesOrder: number });
    if (order.SoldToParty === '') throw new Refusal(400, 'VP/112', 'Please enter sold-to party or ship-to party');
    for (const item of (body.to_Item ?? []) as Entity[]) {
      const { to_PricingElement: elements = [], ...own } = item;
      put(service, 'A_SalesOrderItemType', { ...own, SalesOrder: number });
      for (const [index, element] of (elements as Entity[]).entries()) {
        put(service, 'A_SalesOrderItemPrElementType', { ...element, SalesOrder: number, SalesOrderItem: item.SalesOrderItem, PricingProcedureStep: String(index + 1), PricingProcedureCounter: '1' });
      }
    }
    if (!model.types.has('A_SalesOrderItemType')) throw new Error('the metadata has no items');
    touch(service, number);
    return tables(service).of(type.name).find(({ SalesOrder }) => SalesOrder === number) as Entity;
  } // biome-ignore format: one thought

  /** Whatever is changed of an order moves the moment that its ETag is made of. */
  function touch(service: string, number: string): void {
    const order = tables(service).of('A_SalesOrderType').find(({ SalesOrder }) => SalesOrder === number);
    if (!order) return;
    changes += 1;
    put(service, 'A_SalesOrderType', { ...order, LastChangeDateTime: `/Date(${Date.UTC(2026, 10, 23) + changes}+0000)/` });
  } // biome-ignore format: one thought

  function isOfSession(request: IncomingMessage): boolean {
    const session = /SAP_SESSIONID_S4H_100=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    const token = request.headers['x-csrf-token'];
    return typeof token === 'string' && sessions.get(session) === token;
  }
}

function requireEtag(type: EntityType, entity: Entity, given: string | undefined): void {
  if (type.concurrency === null) return;
  if (given === undefined) throw new Refusal(428, '/IWBEP/CM_MGW_RT/150', 'Precondition required');
  if (given !== etagOf(type, entity)) throw new Refusal(412, '/IWBEP/CM_MGW_RT/151', 'Precondition failed');
}

/** The key of an entity as a path has it; of a single part, also without its name. */
function keyText(type: EntityType, entity: Entity): string[] {
  const named = type.key.map((name) => `${name}='${String(entity[name])}'`).join(',');
  return type.key.length === 1 ? [named, `'${String(entity[type.key[0] ?? ''])}'`] : [named];
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw invalid('Malformed body');
  }
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string | string[]> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', dataserviceversion: '2.0', ...headers });
  response.end(JSON.stringify(body));
} // biome-ignore format: one thought
