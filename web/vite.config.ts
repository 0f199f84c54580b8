import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { docsPages } from './vite-docs';

// `npm run dev` serves the pages and passes the API on to a roomd that runs beside it.
const server = process.env.ROOMD_URL ?? 'http://127.0.0.1:7000';

export default defineConfig({
  plugins: [react(), docsPages()],
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 900 },
  server: { proxy: { '/api': { target: server, ws: true }, '/openapi.json': server } },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
