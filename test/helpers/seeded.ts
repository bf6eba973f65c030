// Before each test file: fast-check begins at the seed of the run, and names it when something fails.
import fc from 'fast-check';
import { seed } from './seed.ts';

fc.configureGlobal({ seed });
