import { type Logger, pino } from 'pino';

export type { Logger };

/** Names under which personal data or secrets could slip into a log object. Their values are never written. */
const REDACTED = [
  'email', 'phone', 'address', 'shippingAddress', 'name', 'customer', 'password', 'secret', 'token', 'authorization',
  'cookie', 'apiKey', '["x-api-key"]', 'variables', 'payment',
]; // biome-ignore format: a table

/** JSON lines on standard output. `level` is a pino level or `silent`. */
export function createLogger(options: {
  level: string;
  component: string;
  destination?: { write(line: string): void };
}): Logger {
  const paths = REDACTED.flatMap((key) => (key.startsWith('[') ? [key, `*${key}`] : [key, `*.${key}`, `*.*.${key}`]));
  return pino(
    {
      level: options.level,
      base: { component: options.component },
      redact: { paths, censor: '[redacted]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    ...(options.destination ? [options.destination] : []),
  );
}
