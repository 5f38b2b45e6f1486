import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DashboardFile, DashboardFiles, Representation } from './dashboard-files.js';
import type { DashboardSettings } from './dashboard-settings.js';
import { dashboardHeaders } from './security-headers.js';

const PAGE = 'index.html';
const HASHED = 'assets/';

/**
 * Serves the dashboard at `/dashboard`, and leads browsers there from `/`. Every path below it that is no file is a
 * page, which the browser's own router shows. The files are in memory: no path leads to anything else.
 *
 * @param settings what the pages have to know before anybody has signed in; the same for everybody
 */
export function serveDashboard(
  fastify: FastifyInstance,
  files: DashboardFiles,
  settings: DashboardSettings,
): void {
  const page = files.get(PAGE);
  if (page === undefined) throw new Error(`The dashboard has no ${PAGE}`);
  const config = { settings: { isLogged: false } };

  fastify.get('/', { config }, (request, reply) => {
    reply.header('vary', 'accept');
    if (!asksForPage(request)) return nothingHere(reply);
    return reply.redirect('/dashboard', 302);
  });
  fastify.get('/dashboard', { config }, (request, reply) => send(page, 'no-cache', request, reply));
  // Kept by nobody: after a restart it may be another.
  fastify.get('/dashboard/settings.json', { config }, (_request, reply) =>
    reply.headers({ ...dashboardHeaders, 'cache-control': 'no-store' }).send(settings),
  );
  fastify.get<{ Params: { '*': string } }>('/dashboard/*', { config }, (request, reply) => {
    const path = request.params['*'];
    // The page has an address of its own, and hashed names are never those of pages.
    const file = path === PAGE ? undefined : files.get(path);
    if (file !== undefined) {
      return send(
        file,
        path.startsWith(HASHED) ? 'public, max-age=31536000, immutable' : 'no-cache',
        request,
        reply,
      );
    }
    if (path === PAGE || path.startsWith(HASHED)) return nothingHere(reply);
    return send(page, 'no-cache', request, reply);
  });
}

function asksForPage({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true;
}

/** As at any other path that there is not. */
function nothingHere(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}

function send(
  file: DashboardFile,
  cacheControl: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { coding, body, etag } = choose(file.representations, request.headers['accept-encoding']);
  reply.headers({ ...dashboardHeaders, 'cache-control': cacheControl, etag, vary: 'accept-encoding' });
  if (isKnown(etag, request.headers['if-none-match'])) return reply.code(304).send();
  if (coding !== 'identity') reply.header('content-encoding', coding);
  return reply.type(file.type).send(body);
}

/** The smallest that the client takes (RFC 9110, section 12.5.3). */
function choose(representations: readonly Representation[], accepted = ''): Representation {
  const weights = new Map(
    accepted
      .toLowerCase()
      .split(',')
      .map((part) => {
        const [coding = '', ...parameters] = part.split(';').map((text) => text.trim());
        const weight = parameters.find((text) => text.startsWith('q='))?.slice(2);
        return [coding, weight === undefined ? 1 : Number(weight)];
      }),
  );
  const isAccepted = ({ coding }: Representation): boolean =>
    coding === 'identity' || (weights.get(coding) ?? weights.get('*') ?? 0) > 0;
  const chosen = representations.find(isAccepted);
  if (chosen === undefined) throw new Error('A file of the dashboard cannot be sent as it is');
  return chosen;
}

/** Whether the client has it already (RFC 9110, section 13.1.2). */
function isKnown(etag: string, known: string | undefined): boolean {
  if (known === undefined) return false;
  return known.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
