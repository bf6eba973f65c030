import { type Config, namedVariableIfSet, type SystemName } from '../platform/config.ts';
import { CommerceError } from '../platform/errors.ts';
import { type CarrierAccount, loadCarrierAccounts } from '../subgraphs/fulfillment/index.ts';
import type { TrackerClient } from '../subgraphs/fulfillment/main.ts';
import { type ChannelConnections, loadChannelConnections } from '../subgraphs/order/index.ts';
import { createAmazonCalls } from '../systems/amazon/calls.ts';
import { type AmazonListingsClient, createAmazonListingsClient } from '../systems/amazon/listings-client.ts';
import { type AmazonOrdersClient, createAmazonOrdersClient } from '../systems/amazon/orders-client.ts';
import { type CarrierClient, createCarrierClient } from '../systems/carrier/client.ts';
import { type ChannelClient, createChannelClient } from '../systems/channel/client.ts';
import { createEasyPostClient } from '../systems/easypost/client.ts';
import { createErpClient, type ErpClient } from '../systems/erp/client.ts';
import { createMiraklClient, type MiraklClient } from '../systems/mirakl/client.ts';
import { createOmsClient, type OmsClient } from '../systems/oms/client.ts';
import { createShipEngineClient } from '../systems/shipengine/client.ts';
import { createWalmartClient, type WalmartClient } from '../systems/walmart/client.ts';
import { createWmsClient, type WmsClient } from '../systems/wms/client.ts';
import { systemToken } from './system-token.ts';

/** A selling account at Amazon: its orders, and its listings where its connection says whose they are. */
export interface AmazonAccount extends AmazonOrdersClient {
  readonly listings: AmazonListingsClient | null;
}

/** The systems of record as this process reaches them. */
export interface SystemClients {
  readonly erp: ErpClient;
  readonly oms: OmsClient;
  readonly wms: WmsClient;
  readonly carrier: CarrierClient;
  /** Null when it has no URL: only who tells channels needs it. */
  readonly channel: ChannelClient | null;
  /** Selling accounts at Walmart by channel; null where a variable is not set: only who tells channels needs it. */
  readonly walmart: ReadonlyMap<string, WalmartClient | null>;
  /** Selling accounts at Amazon, likewise. */
  readonly amazon: ReadonlyMap<string, AmazonAccount | null>;
  /** Shops at marketplaces that run on Mirakl, likewise. */
  readonly mirakl: ReadonlyMap<string, MiraklClient | null>;
  /** Services that track parcels by account; null where a variable is not set: only workers need it. */
  readonly trackers: ReadonlyMap<string, TrackerClient | null>;
  close(): Promise<void>;
}

/** Creates the clients; nothing is connected yet. @throws CommerceError CONFIGURATION_INVALID when a URL is missing */
export function createSystemClients(
  config: Config,
  secret: string,
  urls: Readonly<Record<SystemName, string | null>>,
): SystemClients {
  const options = (name: SystemName) => {
    const baseUrl = urls[name];
    if (baseUrl === null) {
      const variable = `${name.toUpperCase()}_URL`;
      throw new CommerceError(
        'CONFIGURATION_INVALID',
        `${variable} is missing; expected the URL of the ${name.toUpperCase()}.`,
        { variables: variable },
      );
    }
    return { baseUrl, token: systemToken(config, secret, name), timeoutMillis: config.systemTimeoutMillis };
  };
  const erp = createErpClient(options('erp'));
  const oms = createOmsClient(options('oms'));
  const wms = createWmsClient(options('wms'));
  const carrier = createCarrierClient(options('carrier'));
  const channel = urls.channel === null ? null : createChannelClient(options('channel'));
  const connections = loadChannelConnections();
  const walmart = walmartClients(connections, config.systemTimeoutMillis);
  const amazon = amazonClients(connections, config.systemTimeoutMillis);
  const mirakl = miraklClients(connections, config.systemTimeoutMillis);
  const trackers = trackerClients(loadCarrierAccounts(), config.systemTimeoutMillis);
  const all = [
    erp,
    oms,
    wms,
    carrier,
    channel,
    ...walmart.values(),
    ...amazon.values(),
    ...mirakl.values(),
    ...[...trackers.values()].map((tracker) => tracker?.client),
  ];
  return {
    erp,
    oms,
    wms,
    carrier,
    channel,
    walmart,
    amazon,
    mirakl,
    trackers,
    async close() {
      await Promise.all(all.map(async (client) => client?.close()));
    },
  };
}

function walmartClients(
  connections: ChannelConnections,
  timeoutMillis: number,
): ReadonlyMap<string, WalmartClient | null> {
  const clients = new Map<string, WalmartClient | null>();
  for (const [code, connection] of connections) {
    if (connection.connector !== 'walmart') continue;
    const [baseUrl, clientId, clientSecret] = [connection.address, connection.clientId, connection.clientSecret].map((name) => namedVariableIfSet(name)); // biome-ignore format: one thought
    const isSet = baseUrl && clientId && clientSecret;
    clients.set(code, isSet ? createWalmartClient({ baseUrl, clientId, clientSecret, timeoutMillis }) : null);
  }
  return clients;
}

function miraklClients(
  connections: ChannelConnections,
  timeoutMillis: number,
): ReadonlyMap<string, MiraklClient | null> {
  const clients = new Map<string, MiraklClient | null>();
  for (const [code, connection] of connections) {
    if (connection.connector !== 'mirakl') continue;
    const names = [connection.address, connection.apiKey, connection.shopId];
    const [baseUrl, apiKey, shopId] = names.map((name) => (name === undefined ? undefined : namedVariableIfSet(name)));
    clients.set(
      code,
      baseUrl && apiKey ? createMiraklClient({ baseUrl, apiKey, shopId: shopId ?? undefined, timeoutMillis }) : null,
    );
  }
  return clients;
}

function amazonClients(
  connections: ChannelConnections,
  timeoutMillis: number,
): ReadonlyMap<string, AmazonAccount | null> {
  const clients = new Map<string, AmazonAccount | null>();
  for (const [code, connection] of connections) {
    if (connection.connector !== 'amazon') continue;
    const { address, login, marketplaceIds } = connection;
    const names = [address, login, connection.clientId, connection.clientSecret, connection.refreshToken];
    const [baseUrl, loginUrl, clientId, clientSecret, refreshToken] = names.map((name) => namedVariableIfSet(name));
    const isSet = baseUrl && loginUrl && clientId && clientSecret && refreshToken;
    if (!isSet) {
      clients.set(code, null);
      continue;
    }
    const calls = createAmazonCalls({ baseUrl, loginUrl, clientId, clientSecret, refreshToken, timeoutMillis });
    const sellerId = connection.sellerId && namedVariableIfSet(connection.sellerId);
    const listings = sellerId ? createAmazonListingsClient(calls, { marketplaceIds, sellerId, timeoutMillis }) : null;
    clients.set(code, { ...createAmazonOrdersClient(calls, { marketplaceIds }), listings });
  }
  return clients;
}

function trackerClients(
  accounts: ReadonlyMap<string, CarrierAccount>,
  timeoutMillis: number,
): ReadonlyMap<string, TrackerClient | null> {
  return new Map(
    [...accounts].map(([name, account]): [string, TrackerClient | null] => {
      const [baseUrl, apiKey] = [account.address, account.apiKey].map((variable) => namedVariableIfSet(variable));
      if (!baseUrl || !apiKey) return [name, null];
      const options = { baseUrl, apiKey, timeoutMillis };
      return account.connector === 'easypost'
        ? [name, { connector: 'easypost', client: createEasyPostClient(options) }]
        : [name, { connector: 'shipengine', client: createShipEngineClient(options) }];
    }),
  );
}
