const { sep } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Suites that take longest. Begun last, one would run alone while the other workers have nothing left to do. */
const LONGEST = [
  'test/e2e/journey.test.ts',
  'test/idempotency/conformance.test.ts',
  'platform/db/embedded/embedded.test.ts',
  'test/differential/differential.test.ts',
];

const rank = ({ path }) => {
  const found = LONGEST.findIndex((name) => path.endsWith(name.replaceAll('/', sep)));
  return found < 0 ? LONGEST.length : found;
};

/** Jest knows how long each suite took only where it has run before: on a fresh clone it would go by the size of files. */
class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => rank(one) - rank(other));
  }
}

module.exports = LongestFirst;
