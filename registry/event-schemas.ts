import { z } from 'zod';
import { eventContracts } from '../events/contracts/index.ts';
import { parseFile } from './files.ts';

export const EVENTS_FILE = 'schema/events.json';

const fileSchema = z.record(
  z.string(),
  z.strictObject({
    meaning: z.string(),
    sender: z.string(),
    readers: z.array(z.string()),
    subject: z.string(),
    /** JSON Schema (2020-12) of the event's `data`. */
    schema: z.record(z.string(), z.unknown()),
  }),
);

/** The event contracts as data, by event type. */
export type EventSchemas = z.infer<typeof fileSchema>;

/** The event contracts of the code. */
export function declaredEvents(): EventSchemas {
  return Object.fromEntries(
    Object.entries(eventContracts).map(([type, { meaning, sender, readers, subject, schema }]) => {
      const { $schema: _, ...form } = z.toJSONSchema(schema, { io: 'input' });
      return [type, { meaning, sender, readers: [...readers], subject, schema: form as Record<string, unknown> }];
    }),
  );
}

/** @throws RegistryError when the text is not what was published */
export function parseEvents(text: string): EventSchemas {
  return parseFile(fileSchema, EVENTS_FILE, text);
}
