const { TestEnvironment: NodeEnvironment } = require('jest-environment-node');

/**
 * The globals of the worker itself in place of a context of its own for each suite: there every global name is looked up
 * through a proxy, and nothing that a library returns is an `Error` or an `Array` of the test. Whatever a suite puts on the
 * globals, on `process` or in the environment's variables goes with it, and so does what it spies on.
 */
class SharedGlobals extends NodeEnvironment {
  #before;

  constructor(config, context) {
    super(config, context);
    this.#before = {
      globals: Object.getOwnPropertyDescriptors(globalThis),
      // Replaced by Jest, once more for each suite.
      process: { exit: process.exit, getBuiltinModule: process.getBuiltinModule },
      env: { ...process.env },
      listeners: listeners(),
    };
    this.global = globalThis;
    const { moduleMocker, fakeTimersModern } = this;
    this.moduleMocker = new moduleMocker.constructor(globalThis);
    this.fakeTimersModern = new fakeTimersModern.constructor({ config: config.projectConfig, global: globalThis });
  }

  async teardown() {
    this.moduleMocker.restoreAllMocks();
    await super.teardown();
    restoreGlobals(this.#before.globals);
    Object.assign(process, this.#before.process);
    for (const [event, listener] of listeners())
      if (!this.#before.listeners.some(([, known]) => known === listener)) process.off(event, listener);
    for (const name of Object.keys(process.env)) if (!(name in this.#before.env)) delete process.env[name];
    Object.assign(process.env, this.#before.env);
  }
}

const listeners = () => process.eventNames().flatMap((event) => process.rawListeners(event).map((one) => [event, one]));

function restoreGlobals(before) {
  for (const key of Reflect.ownKeys(globalThis)) if (!Object.hasOwn(before, key)) delete globalThis[key];
  for (const key of Reflect.ownKeys(before)) {
    const [now, then] = [Object.getOwnPropertyDescriptor(globalThis, key), before[key]];
    if (now?.value === then.value && now?.get === then.get) continue;
    if (now === undefined || now.configurable) Object.defineProperty(globalThis, key, then);
    else if (now.writable) globalThis[key] = then.value;
  }
}

module.exports = SharedGlobals;
