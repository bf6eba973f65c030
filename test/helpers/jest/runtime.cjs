const { isBuiltin } = require('node:module');
const { sep } = require('node:path');
const { pathToFileURL } = require('node:url');
const { compileFunction, SyntheticModule } = require('node:vm');
const { default: JestRuntime } = require('jest-runtime');

const PACKAGES = `${sep}node_modules${sep}`;
/** Packages that keep what was registered with them, and those that hold what a suite expects: each suite has its own. */
const OWN_IN_EACH_SUITE = ['@dbos-inc', 'expect', '@jest/expect', 'jest-circus', 'jest-mock', 'source-map-support'].map(
  (name) => `${PACKAGES}${name.replace('/', sep)}${sep}`,
);

const isShared = (path) =>
  path.includes(PACKAGES) && !path.endsWith('.json') && !OWN_IN_EACH_SUITE.some((folder) => path.includes(folder));

/** Packages as modules, by path: loaded once in each worker, by Node. */
const packages = new Map();

/**
 * Our own modules are evaluated anew for each suite, as Jest always does; packages are not. Loading and warming up GraphQL,
 * Apollo, knex and zod some three hundred times took more time than the tests.
 */
class SharedPackages extends JestRuntime {
  constructor(...options) {
    super(...options);
    const { esmLoader, executor } = this;
    const resolveModule = esmLoader.resolveModule.bind(esmLoader);
    esmLoader.resolveModule = async (specifier, from, context) =>
      (await this.#sharedModule(specifier, from)) ?? resolveModule(specifier, from, context);
    // Everything in the context of the worker: see environment.cjs.
    esmLoader.getContext = () => undefined;
    // Node 24 would load a graph synchronously, past resolveModule, where it need not.
    const tryLoadGraphSync = esmLoader.tryLoadGraphSync.bind(esmLoader);
    esmLoader.tryLoadGraphSync = (path, suffix, mode, from) =>
      mode === 'sync-preferred' ? 'load-async' : tryLoadGraphSync(path, suffix, mode, from);
    executor.compile = (source, filename) =>
      compileFunction(source, executor.injectedModuleParameters, {
        filename,
        importModuleDynamically: (specifier, _function, attributes) =>
          executor.dynamicImport(specifier, filename, undefined, attributes),
      });
  }

  requireModuleOrMock(from, name) {
    if (name === '@jest/globals' || isBuiltin(name) || this.mockState.shouldMockCjs(from, name).shouldMock)
      return super.requireModuleOrMock(from, name);
    const path = this._resolution.resolveCjs(from, name);
    return isShared(path) ? require(path) : super.requireModuleOrMock(from, name);
  }

  /** Jest's own, for a suite. */
  requireInternalModule(from, name) {
    if (name && isBuiltin(name)) return super.requireInternalModule(from, name);
    const path = this._resolution.resolveCjs(from, name);
    return isShared(path) ? require(path) : super.requireInternalModule(from, name);
  }

  async #sharedModule(specifier, from) {
    if (specifier.startsWith('.') || specifier.includes(':') || specifier === '@jest/globals' || isBuiltin(specifier))
      return null;
    if ((await this.mockState.shouldMockEsmAsync(from, specifier)).shouldMock) return null;
    const path = await this._resolution.resolveEsmAsync(from, specifier);
    if (!isShared(path)) return null;
    const known = packages.get(path) ?? asModule(path);
    packages.set(path, known);
    return known;
  }
}

/** The package as Node loads it for our sources in production, for modules that are linked by hand. */
async function asModule(path) {
  const exported = await import(pathToFileURL(path).href);
  const names = Object.keys(exported);
  const module = new SyntheticModule(
    names,
    () => {
      for (const name of names) module.setExport(name, exported[name]);
    },
    { identifier: path },
  );
  if (module.status === 'unlinked') await module.link(() => {});
  await module.evaluate();
  return module;
}

module.exports = SharedPackages;
