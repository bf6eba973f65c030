// A Vendure without a shop of its own, on this machine only. Runs in a process of its own, in the folder where Vendure is
// installed: nothing of Vendure is part of this project.
process.env.VENDURE_DISABLE_TELEMETRY = 'true';
const { createRequire } = require('node:module');
const core = createRequire(`${process.cwd()}/package.json`)('@vendure/core');
const { withCommerce } = require('./extension.cjs');

const { PORT, DATABASE, VENDURE_USER, VENDURE_PASSWORD, COOKIE_SECRET, SESSION = '1y', KEEP } = process.env;

core
  .bootstrap(
    withCommerce(core, {
      apiOptions: {
        hostname: '127.0.0.1',
        port: Number(PORT),
        adminApiPath: 'admin-api',
        shopApiPath: 'shop-api',
        cors: false,
      },
      authOptions: {
        tokenMethod: ['bearer'],
        superadminCredentials: { identifier: VENDURE_USER, password: VENDURE_PASSWORD },
        cookieOptions: { secret: COOKIE_SECRET },
        sessionDuration: SESSION,
      },
      // With `autoSave` a change is in the file when it is answered.
      dbConnectionOptions: { type: 'sqljs', location: DATABASE, synchronize: true, autoSave: KEEP === 'true' },
      paymentOptions: { paymentMethodHandlers: [core.dummyPaymentHandler] },
      logger: new core.DefaultLogger({ level: core.LogLevel.Warn, timestamp: false }),
      plugins: [],
    }),
  )
  .catch((error) => {
    process.stderr.write(`${error?.stack ?? error}\n`);
    process.exit(1);
  });
