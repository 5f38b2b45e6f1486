import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { settingsOf } from '../../shared/http/route-settings.js';
import { traceIdOf } from '../../shared/http/trace-id.js';
import { scrubUrl } from '../logging/scrub.js';
import { problemCodeOf } from './problem.filter.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Timer } from '../metrics/timings.js';

/**
 * Counts and times every request by its route's pattern, and logs those of people: one line each, when it is
 * answered. Returns what a fast path is to call with the milliseconds of each answer.
 */
export function observeRequests(
  fastify: FastifyInstance,
  metrics: Metrics,
): (method: string, route: string, status: number) => Timer {
  /** What the fast paths have counted since somebody last asked: a number of one's own is cheaper than a counter. */
  const uncounted: (() => void)[] = [];
  const requests = metrics.counter({
    name: 'upblit_http_requests_total',
    help: 'Requests by method, route pattern and status.',
    labelNames: ['method', 'route', 'status'],
    collect: () => {
      for (const count of uncounted) count();
    },
  });
  const durations = metrics.timings({
    name: 'upblit_http_request_duration_seconds',
    help: 'Seconds from the headers of a request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  // None of the fields is looked through for secrets by its name, as every line is by its text: they are all named
  // here.
  const log = fastify.log.child({}, { redact: [] });
  // Labels are looked up once: to hash them for each request costs as much as a verdict.
  const counters = new Map<string, { inc(): void }>();
  const timers = new Map<string, Timer>();
  const observe = (route: string, request: FastifyRequest, reply: FastifyReply, isLogged = true): void => {
    const { method } = request;
    const status = reply.statusCode;
    const called = `${method} ${route}`;
    const answered = `${status} ${called}`;
    let counter = counters.get(answered);
    if (counter === undefined) counters.set(answered, (counter = requests.labels({ method, route, status })));
    counter.inc();
    let timer = timers.get(called);
    if (timer === undefined) timers.set(called, (timer = durations.timer({ method, route })));
    timer(reply.elapsedTime);
    if (isLogged) logAnswer(log, route, request, reply);
  };

  // A hook of each route knows its pattern; to ask the request for it would build an object each time.
  fastify.addHook('onRoute', (route: RouteOptions) => {
    const pattern = route.url;
    const isLogged = settingsOf(route.config).isLogged !== false;
    const hooks = [route.onResponse ?? []].flat();
    route.onResponse = [
      ...hooks,
      (request, reply, done) => {
        observe(pattern, request, reply, isLogged);
        done();
      },
    ];
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    if (request.is404) observe('unmatched', request, reply);
    done();
  });
  return (method, route, status) => {
    const timer = durations.timer({ method, route });
    let answers = 0;
    uncounted.push(() => {
      requests.inc({ method, route, status }, answers);
      answers = 0;
    });
    return (milliseconds) => {
      answers += 1;
      timer(milliseconds);
    };
  };
}

function logAnswer(
  log: FastifyBaseLogger,
  route: string,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  log.info(
    {
      reqId: request.id,
      // Left out while nothing is traced.
      traceId: traceIdOf(request.raw),
      method: request.method,
      route,
      url: scrubUrl(request.raw.url ?? '', route),
      status: reply.statusCode,
      code: problemCodeOf(reply),
      milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      client: request.ip,
    },
    'answered',
  );
}
