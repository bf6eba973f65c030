// What compiled plans share with the executor of @apollo/gateway. These modules are not part of its public face: the package
// is pinned to one version, and apollo-parts.test.ts fails when a new one has moved or changed them.
export { applyRewrites, isObjectOfType } from '@apollo/gateway/dist/dataRewrites.js';
export { computeResponse } from '@apollo/gateway/dist/resultShaping.js';
export { deepMerge } from '@apollo/gateway/dist/utilities/deepMerge.js';
