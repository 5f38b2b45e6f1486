import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Lets pages of these origins call the service from a browser (Fetch standard, CORS protocol). */
export function allowOrigins(app: NestFastifyApplication, origins: string[] | undefined): void {
  if (origins === undefined) return;
  app.enableCors({
    origin: origins,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id'],
    exposedHeaders: [
      'Location',
      'X-Request-Id',
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'WWW-Authenticate',
    ],
    // Tokens travel in a header. The cookie is for pages of this service alone.
    credentials: false,
    maxAge: 600,
  });
}
