import { describe, expect, it } from '@jest/globals';
import { declaredEvents, type EventSchemas } from '../event-schemas.ts';
import { workingTree } from '../files.ts';
import { readOwners } from '../owners.ts';
import { eventChanges } from './event-changes.ts';
import { eventPlace } from './event-place.ts';

const FILE = 'events/contracts/parcel-packed.v1.ts';
const texts: Readonly<Record<string, string>> = {
  [FILE]: `const item = z.strictObject({
  sku: key,
  // quantity: counted by hand
  quantity,
});
export const parcelPackedV1 = defineContract({
  sender: 'depot',
  subject: 'parcelId',
  schema: z.strictObject({
    /** size: of the box */
    parcelId: key,
    items: z.array(item),
    state: z.enum(['OPEN', 'SHUT']),
  }),
});
`,
  'schema/owners.yaml': `teams: { packers: { name: Packers, contact: "#packers" }, shop: { name: Shop, contact: "#shop" } }
subgraphs: { depot: packers, order: shop }
parts: { mailer: shop }`,
};
const read = (file: string) => texts[file] ?? null;
const around = { owners: readOwners({ name: 'the test', read, readBytes: () => null, list: () => [] }), read };

const form = (properties: object, required: readonly string[]) => ({ type: 'object', properties, required });
const parcel = (schema: object, others: object = {}): EventSchemas => ({
  'parcel-packed.v1': {
    meaning: 'Packed.',
    sender: 'depot',
    readers: ['order', 'mailer'],
    subject: 'parcelId',
    schema: schema as Record<string, unknown>,
    ...others,
  },
});
const state = (...values: string[]) => ({ state: { type: 'string', enum: values } });
const items = (quantity: string) => ({
  items: { type: 'array', items: form({ quantity: { type: quantity } }, ['quantity']) },
});

describe('a change of an event contract', () => {
  it.each<[string, EventSchemas, EventSchemas, string, number]>([
    ['a field', parcel(form(items('integer'), [])), parcel(form(items('string'), [])), 'EVENT_FIELD_CHANGED', 4],
    ['a field that went', parcel(form({ gone: {} }, [])), parcel(form({}, [])), 'EVENT_FIELD_REMOVED', 9],
    ['a value', parcel(form(state('OPEN'), [])), parcel(form(state('OPEN', 'SHUT'), [])), 'EVENT_VALUE_ADDED', 13],
    ['the subject', parcel({}, { subject: 'boxId' }), parcel({}), 'EVENT_SUBJECT_CHANGED', 8],
  ])('of %s names the teams of sender and readers, the file and the line', (_, before, after, rule, line) => {
    expect(eventChanges(before, after, around)).toMatchObject([
      {
        rule,
        owners: ['packers', 'shop'],
        source: { file: FILE, line },
        reason: expect.stringContaining(
          'Sent by depot (packers #packers), read by order (shop #shop), mailer (shop #shop);',
        ),
      },
    ]);
  });

  it('that takes the contract away still names whom to ask', () => {
    const [removed] = eventChanges(parcel({}), {}, { ...around, read: () => null });
    expect(removed).toMatchObject({ rule: 'EVENT_REMOVED', owners: ['packers', 'shop'], source: null });
  });
});

it.each(Object.entries(declaredEvents()))('%s: the line of each field is found', (type, { schema, subject }) => {
  const read = (file: string) => workingTree().read(file);
  const file = `events/contracts/${type}.ts`;
  const lines = (read(file) ?? '').split('\n');
  const at = (path: string) => lines[(eventPlace(read, type, path)?.line ?? 0) - 1];
  expect(at('subject')).toBe(`  subject: '${subject}',`);
  for (const field of Object.keys(schema.properties as object)) expect(at(`data.${field}`)).toContain(field);
});
