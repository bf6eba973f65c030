import type { Config, SystemName } from '../platform/config.ts';
import { CommerceError } from '../platform/errors.ts';
import { type CarrierClient, createCarrierClient } from '../systems/carrier/client.ts';
import { type ChannelClient, createChannelClient } from '../systems/channel/client.ts';
import { createErpClient, type ErpClient } from '../systems/erp/client.ts';
import { createOmsClient, type OmsClient } from '../systems/oms/client.ts';
import { createWmsClient, type WmsClient } from '../systems/wms/client.ts';
import { systemToken } from './system-token.ts';

/** The systems of record as this process reaches them. */
export interface SystemClients {
  readonly erp: ErpClient;
  readonly oms: OmsClient;
  readonly wms: WmsClient;
  readonly carrier: CarrierClient;
  /** Null when it has no URL: only who tells channels needs it. */
  readonly channel: ChannelClient | null;
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
  return {
    erp,
    oms,
    wms,
    carrier,
    channel,
    async close() {
      await Promise.all([erp.close(), oms.close(), wms.close(), carrier.close(), channel?.close()]);
    },
  };
}
