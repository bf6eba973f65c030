import { parseArgs } from 'node:util';
import { startEasyPostReference } from '../../systems/easypost/simulator/start.ts';

// `npm run start:easypost -- [--port 4109] [--to http://localhost:4200] [--carrier UPS]`: a server that speaks EasyPost's tracker API, to
// try the connection without an account. Every parcel that it tracks is scanned each ten seconds until it is delivered; with --to, webhooks say so.
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4109' },
    to: { type: 'string' },
    carrier: { type: 'string', multiple: true, default: ['UPS', 'RoyalMail'] },
  },
});
const SCANS = [
  ['pre_transit', null],
  ['in_transit', 'accepted'],
  ['in_transit', 'arrived_at_facility'],
  ['out_for_delivery', null],
  ['delivered', null],
] as const;
const EVERY_MILLIS = 10_000;

const scansOf = new Map<string, number>();
const server = await startEasyPostReference({
  apiKey: 'try',
  webhookSecret: 'try',
  carriers: values.carrier,
  port: Number(values.port),
  onTracked: (trackingCode) => void scansOf.set(trackingCode, 0),
});
console.log(`Parcels of ${values.carrier.join(', ')} are tracked at ${server.url}. Connect with:

export EASYPOST_URL=${server.url} EASYPOST_API_KEY=try EASYPOST_WEBHOOK_SECRET=try
`);

setInterval(() => {
  for (const [trackingCode, count] of scansOf) {
    const [status, detail] = SCANS[count] ?? [];
    if (status === undefined) continue;
    scansOf.set(trackingCode, count + 1);
    server.scan(trackingCode, { status, status_detail: detail ?? null, message: status, datetime: new Date().toISOString(), city: 'LEEDS' }); // biome-ignore format: one scan
    void tell(trackingCode, status);
  }
}, EVERY_MILLIS);

async function tell(trackingCode: string, status: string): Promise<void> {
  if (values.to === undefined) return console.log(`…${trackingCode.slice(-4)}: ${status}, to be asked for`);
  const { headers, body } = server.webhook(trackingCode);
  const answer = await fetch(new URL('/webhooks/carriers/easypost', values.to), { method: 'POST', headers, body }).catch(() => null); // biome-ignore format: one thought
  console.log(`…${trackingCode.slice(-4)}: ${status}, webhook ${answer === null ? 'not answered' : answer.status}`);
}
