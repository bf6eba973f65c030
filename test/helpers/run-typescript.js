// Usage: node --import ./test/helpers/run-typescript.js <file.ts>. Runs sources in a process of their own, as a test
// that kills processes needs it, without a build before.
import { register } from 'node:module';

register('./typescript-hooks.js', import.meta.url);
