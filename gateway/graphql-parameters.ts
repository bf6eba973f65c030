/** `query`, `variables`, `operationName`, `extensions`, as they came: nothing is checked but that they are one object. */
export type GraphQLParameters = Readonly<Record<string, unknown>>;
