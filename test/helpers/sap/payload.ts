import type { EntityType, Property, ServiceModel } from './edmx.ts';

export type Entity = Record<string, unknown>;

/** What SAP says to a request that is wrong. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Of SAP's gateway, for whatever a client wrote wrongly. */
export const invalid = (message: string) => new Refusal(400, '005056A509B11EE1B9A8FEC11C21578E', message);

const LITERALS: Readonly<Record<string, RegExp>> = {
  'Edm.DateTime': /^\/Date\(-?\d+\)\/$/,
  'Edm.DateTimeOffset': /^\/Date\(-?\d+[+-]\d{4}\)\/$/,
  'Edm.Decimal': /^-?\d+(\.\d+)?$/,
};

/**
 * Refuses a body as the service does: unknown names, other types, texts that are too long, decimals that are numbers or have
 * too many digits, and what a client must not set.
 * @param mode `given`: from within, so that everything may be set
 */
export function checkBody(
  model: ServiceModel,
  type: EntityType,
  body: unknown,
  mode: 'create' | 'update' | 'given',
): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('Malformed body');
  for (const [name, value] of Object.entries(body)) {
    const property = type.properties.get(name);
    const navigation = type.navigation.get(name);
    if (property) checkValue(type, name, property, value, mode);
    else if (navigation && mode === 'create') {
      const inner = model.types.get(navigation.type);
      const all = Array.isArray(value) ? (value as unknown[]) : null;
      if (!inner || !all) throw invalid(`Invalid value for property '${name}' of type '${type.name}'`);
      for (const one of all) checkBody(model, inner, one, mode);
    } else throw invalid(`Property '${name}' is invalid`);
  }
}

function checkValue(type: EntityType, name: string, property: Property, value: unknown, mode: 'create' | 'update' | 'given'): void {
  const wrong = invalid(`Invalid value '${String(value)}' for property '${name}' of type '${property.type}'`);
  if ((mode === 'create' && !property.isCreatable) || (mode === 'update' && (!property.isUpdatable || type.key.includes(name))))
    throw invalid(`Property '${name}' of type '${type.name}' must not be set`);
  if (value === null) {
    if (property.isNullable) return;
    throw wrong;
  }
  if (property.type === 'Edm.Boolean' ? typeof value !== 'boolean' : typeof value !== 'string') throw wrong;
  if (typeof value !== 'string') return;
  if (property.maxLength !== null && value.length > property.maxLength) throw wrong;
  const literal = LITERALS[property.type];
  if (literal && !literal.test(value)) throw wrong;
  if (property.type !== 'Edm.Decimal') return;
  const [whole = '', fraction = ''] = value.replace('-', '').split('.');
  const scale = property.scale ?? 0;
  if (fraction.length > scale || whole.length > (property.precision ?? 0) - scale) throw wrong;
} // biome-ignore format: one thought

/** An entity as SAP keeps it: what was not given has the initial value of its type. */
export function filled(type: EntityType, given: Entity): Entity {
  const initial = (property: Property) => {
    if (property.type === 'Edm.Boolean') return false;
    if (property.type === 'Edm.Decimal') return '0';
    return property.type === 'Edm.String' ? '' : null;
  };
  return Object.fromEntries([...type.properties].map(([name, property]) => [name, scaled(property, given[name] ?? initial(property))])); // biome-ignore format: one thought
}

/** Decimals come with all digits of their scale. */
function scaled(property: Property, value: unknown): unknown {
  if (property.type !== 'Edm.Decimal' || typeof value !== 'string' || !property.scale) return value;
  const [whole, fraction = ''] = value.split('.');
  return `${whole}.${fraction.padEnd(property.scale, '0')}`;
}
