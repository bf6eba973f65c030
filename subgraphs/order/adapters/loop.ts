import { badResponse } from '../../../systems/client-kit/failure.ts';
import { verifyLoopSignature } from '../../../systems/loop/signature.ts';
import { type LoopReturn, loopReturn, returnNamed, webhookBody, withoutPersonal } from '../../../systems/loop/wire.ts';
import type { PlatformReturn, ReturnPlatform } from '../port.ts';
import type { LoopWords } from './return-platforms.ts';

/** Returns that buyers ask for at Loop. */
export function loopReturns(webhookSecret: string, words: LoopWords): ReturnPlatform {
  return {
    hear(call) {
      verifyLoopSignature(call, webhookSecret);
      const body = webhookBody.safeParse(parsedJson(call.body));
      if (!body.success) throw badResponse('LOOP', 'webhook');
      if (body.data.topic !== 'return') return null;
      const named = returnNamed.safeParse(body.data);
      if (!named.success) throw badResponse('LOOP', 'a return without id');
      return { externalId: named.data.id, record: withoutPersonal(named.data) };
    },

    read(record) {
      const parsed = loopReturn.safeParse(record);
      if (!parsed.success) return { problem: `shape of ${parsed.error.issues[0]?.path.join('.') || 'the return'}` };
      const { data } = parsed;
      const phase = words.states[data.state.toLowerCase()];
      if (phase === undefined) return unknown('state', data.state);
      const outcomes = new Set<string>();
      for (const { outcome } of data.line_items) {
        const known = outcome === null ? 'MONEY' : words.outcomes[outcome.toLowerCase()];
        if (known === undefined) return unknown('outcome', outcome ?? '');
        outcomes.add(known);
      }
      const labels = labelsOf(words, data);
      if ('problem' in labels) return labels;
      return {
        phase,
        orderNames: namesOf(data),
        units: data.line_items.map(({ provider_line_item_id, sku, return_reason }) => ({
          channelLineId: provider_line_item_id,
          sku,
          reason: (return_reason === null ? undefined : words.reasons[return_reason]) ?? 'OTHER',
          note: return_reason,
        })),
        wantsGoods: outcomes.has('GOODS') || data.exchanges.length > 0,
        wantsCredit: outcomes.has('CREDIT'),
        goods: data.exchanges.flatMap(({ sku }) => (sku === null ? [] : [sku])),
        labels: labels.labels,
      };
    },
  };
}

/** What an order may be called by us or its channel, surest first. */
function namesOf({ provider_order_external_id, provider_order_id, order_name, order_number }: LoopReturn): string[] {
  const names = [provider_order_external_id, provider_order_id, order_name, order_name?.replace(/^#/, ''), order_number];
  return [...new Set(names.filter((name) => name != null && name !== ''))] as string[];
} // biome-ignore format: one thought

function labelsOf(words: LoopWords, { labels, carrier, tracking_number, label_status }: LoopReturn) {
  const all = labels.length > 0 ? labels : [{ carrier, tracking_number, status: label_status }];
  const found: { carrier: string; trackingNumber: string; moved: PlatformReturn['labels'][number]['moved'] }[] = [];
  for (const label of all) {
    if (label.carrier === null || label.tracking_number === null || label.tracking_number === 'N/A') continue;
    const moved = label.status === null ? 'NONE' : words.labels[label.status.toLowerCase()];
    if (moved === undefined) return unknown('label status', label.status ?? '');
    found.push({ carrier: label.carrier, trackingNumber: label.tracking_number, moved: moved === 'NONE' ? null : moved });
  }
  return { labels: found };
} // biome-ignore format: one thought

/** A code is told, a text that could be a person's is not. */
function unknown(what: string, word: string): { readonly problem: string } {
  const shown = /^[\w -]{1,40}$/.test(word) ? `"${word}"` : 'its value';
  return { problem: `${what}: ${shown} is not in config/return-platforms.yaml` };
}

function parsedJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
