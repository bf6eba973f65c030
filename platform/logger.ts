import { type Bindings, type ChildLoggerOptions, type Logger, pino } from 'pino';

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
  const bare: Logger = pino(
    {
      level: options.level,
      base: null,
      redact: { paths, censor: '[redacted]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    ...(options.destination ? [options.destination] : []),
  );
  // pino appends what a child adds: a part that names itself would have `component` twice in each line.
  const child = bare.child as unknown as Child;
  bare.child = function namedOnce(this: Logger, bindings: Bindings, childOptions?: ChildLoggerOptions) {
    if (!('component' in bindings)) return child.call(this, bindings, childOptions);
    return child.call(bare, { ...this.bindings(), ...bindings }, childOptions);
  } as Child as unknown as typeof bare.child;
  return bare.child({ component: options.component });
}

type Child = (this: Logger, bindings: Bindings, options?: ChildLoggerOptions) => Logger;
