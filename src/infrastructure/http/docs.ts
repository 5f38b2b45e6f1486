import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { buildDocument } from './openapi.js';

/** Swagger UI at `/docs`, with all its files from here, and the document at `/openapi.json`. */
export function serveDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => buildDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Upblit API keys',
    swaggerOptions: {
      displayRequestDuration: true,
      // A token that is kept outlives the tab, and the logout.
      persistAuthorization: false,
      tryItOutEnabled: true,
      // The badge would be loaded from a third-party site.
      validatorUrl: null,
    },
  });
}
