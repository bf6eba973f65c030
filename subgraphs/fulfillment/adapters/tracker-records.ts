import { hash } from 'node:crypto';

/** The moment that a service of trackers writes: where no time zone is given, it is in UTC. */
export function momentOf(datetime: string | null): Date | null {
  if (datetime === null) return null;
  const moment = new Date(/(?:Z|[+-]\d\d:?\d\d)$/i.test(datetime) ? datetime : `${datetime}Z`);
  return Number.isNaN(moment.getTime()) ? null : moment;
}

/** What tells records apart that have no id. */
export const digest = (content: unknown) => hash('sha256', JSON.stringify(content), 'hex').slice(0, 32);

/** The JSON of a webhook, or null. */
export function parsedJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}
