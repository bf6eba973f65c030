import { readFileSync } from 'node:fs';
import { projectFile } from '../../../platform/paths.ts';

export interface Property {
  readonly type: string;
  readonly isNullable: boolean;
  readonly maxLength: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  /** False: a client must not set it. */
  readonly isCreatable: boolean;
  readonly isUpdatable: boolean;
}

export interface EntityType {
  readonly name: string;
  readonly key: readonly string[];
  readonly properties: ReadonlyMap<string, Property>;
  /** What it leads to: a type, and whether there may be several. */
  readonly navigation: ReadonlyMap<string, { readonly type: string; readonly isMany: boolean }>;
  /** Property that an ETag is made of; null: it has none. */
  readonly concurrency: string | null;
}

export interface ServiceModel {
  readonly types: ReadonlyMap<string, EntityType>;
  /** Type of each set, and whether entities are created in it directly. */
  readonly sets: ReadonlyMap<string, { readonly type: string; readonly isCreatable: boolean }>;
}

const attributes = (text: string): Record<string, string> => Object.fromEntries([...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value])); // biome-ignore format: one thought
const elements = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`<${name}\\b([^>]*?)(?:/>|>([\\s\\S]*?)</${name}>)`, 'g'))].map(([, head = '', body = '']) => ({ ...attributes(head), body })) as (Record<string, string> & { body: string })[]; // biome-ignore format: one thought
const local = (name = '') => name.slice(name.lastIndexOf('.') + 1);

/** Reads the `$metadata` that SAP published for a service, data/sap-odata. */
export function readServiceModel(service: string): ServiceModel {
  const text = readFileSync(projectFile('data', 'sap-odata', `${service}.edmx`), 'utf8');
  const ends = new Map(elements(text, 'Association').map(({ Name = '', body }) => [Name, elements(body, 'End')]));
  const types = elements(text, 'EntityType').map(({ Name = '', body }): [string, EntityType] => {
    const properties = elements(body, 'Property');
    return [
      Name,
      {
        name: Name,
        key: elements(body, 'PropertyRef').map((one) => one.Name ?? ''),
        properties: new Map(properties.map((one) => [one.Name ?? '', toProperty(one)])),
        navigation: new Map(
          elements(body, 'NavigationProperty').map((one) => {
            const end = ends.get(local(one.Relationship))?.find(({ Role }) => Role === one.ToRole);
            return [one.Name ?? '', { type: local(end?.Type), isMany: end?.Multiplicity === '*' }];
          }),
        ),
        concurrency: properties.find((one) => one.ConcurrencyMode === 'Fixed')?.Name ?? null,
      },
    ];
  });
  const sets = elements(text, 'EntitySet').map((one) => [one.Name ?? '', { type: local(one.EntityType), isCreatable: one['sap:creatable'] !== 'false' }] as const); // biome-ignore format: one thought
  return { types: new Map(types), sets: new Map(sets) };
}

function toProperty(one: Record<string, string>): Property {
  const number = (text: string | undefined) => (text === undefined ? null : Number(text));
  return {
    type: one.Type ?? '',
    isNullable: one.Nullable !== 'false',
    maxLength: number(one.MaxLength),
    precision: number(one.Precision),
    scale: number(one.Scale),
    isCreatable: one['sap:creatable'] !== 'false',
    isUpdatable: one['sap:updatable'] !== 'false',
  };
}

/** A type written as `Name:String(10)! Amount:Decimal(24,9)`; `!` marks keys. For services whose metadata is not at hand as a file. */
export function describeType(name: string, text: string, navigation: Readonly<Record<string, string>> = {}): [string, EntityType] {
  const parts = [...text.matchAll(/(\w+):(\w+)(?:\((\d+)(?:,(\d+))?\))?(!?)/g)];
  return [
    name,
    {
      name,
      key: parts.flatMap(([, property = '', , , , mark]) => (mark ? [property] : [])),
      properties: new Map(
        parts.map(([, property = '', type = '', size, scale, mark]) => [
          property,
          toProperty({ Type: `Edm.${type}`, Nullable: mark ? 'false' : 'true', ...(size && (type === 'String' ? { MaxLength: size } : { Precision: size })), ...(scale && { Scale: scale }) }),
        ]),
      ),
      navigation: new Map(Object.entries(navigation).map(([one, type]) => [one, { type, isMany: true }])),
      concurrency: null,
    },
  ];
} // biome-ignore format: one thought
