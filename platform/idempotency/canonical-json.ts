/**
 * The one text that all spellings of a JSON value share (RFC 8785): members in the order of their names, numbers and
 * strings as ECMAScript writes them, no white space. An absent member and one that is `undefined` are the same, `null`
 * is not.
 *
 * @throws TypeError for what JSON cannot say: bigint, NaN, infinity, functions
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`not a JSON value: ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value))
    return `[${value.map((item) => canonicalJson(item === undefined ? null : item)).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`not a JSON value: ${typeof value}`);
  if ('toJSON' in value && typeof value.toJSON === 'function') return canonicalJson(value.toJSON());
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  // By code units, as the RFC asks: neither the machine's language nor code points decide.
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}
