/* The two reference pages, /docs (Swagger UI) and /redoc (ReDoc), as files of the build: both read /openapi.json
 * and fetch nothing from elsewhere, so that they work on a box without a way out and under `default-src 'self'`. */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

const REDOC_LOGO = 'https://cdn.redoc.ly/redoc/logo-mini.svg';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

function redocBundle(): string {
  const source = read('node_modules/redoc/bundles/redoc.standalone.js');
  // The one picture that ReDoc would fetch from its maker's site.
  return source.replaceAll(REDOC_LOGO, '/favicon.svg').replace(/\n\/\/# sourceMappingURL=.*$/m, '');
}

export function docsPages(): Plugin {
  const files: Record<string, () => string> = {
    'docs.html': () => read('docs/docs.html'),
    'redoc.html': () => read('docs/redoc.html'),
    'docs/docs.js': () => read('docs/docs.js'),
    'docs/redoc.js': () => read('docs/redoc.js'),
    'docs/swagger-ui-bundle.js': () =>
      read('node_modules/swagger-ui-dist/swagger-ui-bundle.js').replace(/\n\/\/# sourceMappingURL=.*$/m, ''),
    'docs/swagger-ui.css': () =>
      read('node_modules/swagger-ui-dist/swagger-ui.css').replace(/\n\/\*# sourceMappingURL=.*$/m, ''),
    'docs/redoc.standalone.js': redocBundle,
    'docs/redoc.standalone.js.LICENSE.txt': () => read('node_modules/redoc/bundles/redoc.standalone.js.LICENSE.txt'),
    'docs/swagger-ui-bundle.js.LICENSE.txt': () => read('node_modules/swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt'),
  };
  return {
    name: 'docs-pages',
    apply: 'build',
    generateBundle() {
      for (const [fileName, source] of Object.entries(files))
        this.emitFile({ type: 'asset', fileName, source: source() });
    },
  };
}
