type Variables = Readonly<Record<string, unknown>>;

export interface UniqueRequest {
  readonly variables: Variables | undefined;
  /** What is asked for; null when it is no request for entities. */
  readonly representations: readonly unknown[] | null;
  /** Lays an answer out again for all the representations that were asked for. */
  restore<A extends SubgraphResult>(answer: A): A;
}

/** The parts of a subgraph's answer that depend on the order of the representations. */
export interface SubgraphResult {
  data?: Record<string, unknown> | null | undefined;
  errors?: readonly { message: string; path?: readonly (string | number)[] | undefined }[] | undefined;
}

/** Asks for each entity once: a page of order lines often holds the same variant many times. */
export function uniqueRepresentations(variables: Variables | undefined): UniqueRequest {
  const asked = variables?.representations;
  if (!Array.isArray(asked)) return { variables, representations: null, restore: (answer) => answer };
  const indexes = new Map<string, number>();
  const unique: unknown[] = [];
  /** For each representation, its place among the unique ones. */
  const places = asked.map((representation) => {
    const key = JSON.stringify(representation);
    const known = indexes.get(key);
    if (known !== undefined) return known;
    indexes.set(key, unique.length);
    return unique.push(representation) - 1;
  });
  if (unique.length === asked.length) return { variables, representations: asked, restore: (answer) => answer };
  /** For each unique representation, where it was asked for first. */
  const firstPlaces = unique.map((_, index) => places.indexOf(index));
  return {
    variables: { ...variables, representations: unique },
    representations: unique,
    restore: (answer) => ({
      ...answer,
      ...(answer.data ? { data: restoreData(answer.data, places) } : {}),
      ...(answer.errors ? { errors: answer.errors.map((error) => restoreError(error, firstPlaces)) } : {}),
    }),
  };
}

function restoreData(data: Record<string, unknown>, places: readonly number[]): Record<string, unknown> {
  const entities = data._entities;
  if (!Array.isArray(entities)) return data;
  const given = new Set<number>();
  const laidOut = places.map((place) => {
    // The executor writes into what it gets: no two places may share an object.
    if (given.has(place)) return structuredClone(entities[place]);
    given.add(place);
    return entities[place];
  });
  return { ...data, _entities: laidOut };
}

function restoreError<E extends { path?: readonly (string | number)[] | undefined }>(
  error: E,
  firstPlaces: readonly number[],
): E {
  const [root, index, ...rest] = error.path ?? [];
  const place = root === '_entities' && typeof index === 'number' ? firstPlaces[index] : undefined;
  return root === undefined || place === undefined ? error : { ...error, path: [root, place, ...rest] };
}
