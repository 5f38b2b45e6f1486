import { defineConfig } from 'vite';

export default defineConfig({
  base: '/dashboard/',
  build: {
    target: 'es2022',
    // The policy takes no `data:`.
    assetsInlineLimit: 0,
    // Every browser that the target names knows `modulepreload`.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      onLog: (level, log, report) => {
        // There are no components of a server here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
    license: { fileName: 'licenses.md' },
  },
  // `npx vite` in this folder, beside a running service.
  server: {
    proxy: Object.fromEntries(
      ['/auth', '/applications', '/apikey', '/dashboard/settings.json'].map((path) => [
        path,
        'http://127.0.0.1:3000',
      ]),
    ),
  },
});
