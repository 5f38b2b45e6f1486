import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { chain } from '../../../shared/concurrency/chain.js';
import { DomainError } from '../../../shared/domain-error.js';
import { notValid } from '../domain/trusted-issuer.js';
import { LiveSessions } from '../application/live-sessions.js';
import { isMeantAsServiceKey, ServiceKeyAuthentication } from '../application/service-key-authentication.js';
import { JwtStrategy } from './jwt.strategy.js';
import { bearerToken } from './bearer-token.js';
import { originOf } from './current-actor.decorator.js';
import type { AuthenticatedRequest } from './current-principal.decorator.js';
import { RouteAccess } from './route-access.js';
import { VerifiedTokens } from './verified-tokens.js';

/** Lets a request in with a good access token or service key, and puts its `Principal` on it. Every route has it. */
@Injectable()
export class JwtAuthGuard extends AuthGuard() {
  constructor(
    // By name: the mixin declares a parameter of its own in this place, and Nest would take that.
    @Inject(RouteAccess) private readonly routes: RouteAccess,
    @Inject(VerifiedTokens) private readonly verified: VerifiedTokens,
    @Inject(ServiceKeyAuthentication) private readonly serviceKeys: ServiceKeyAuthentication,
    @Inject(LiveSessions) private readonly sessions: LiveSessions,
    strategy: JwtStrategy,
  ) {
    super({ defaultStrategy: strategy.name, property: 'principal', session: false });
  }

  override canActivate(context: ExecutionContext): ReturnType<CanActivate['canActivate']> {
    // Not a promise for a public route: verification is one, and hot.
    if (this.routes.of(context) === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const credential = bearerToken(request);
    if (isMeantAsServiceKey(credential)) return this.authenticate(credential, request);
    const principal = this.verified.recall(credential);
    if (principal === undefined) return this.verify(context, request);
    request.principal = principal;
    return this.admit(request);
  }

  private async verify(context: ExecutionContext, request: AuthenticatedRequest): Promise<boolean> {
    await super.canActivate(context);
    return this.admit(request);
  }

  /** Asked for every request that has arrived, whatever is remembered of its token. */
  private admit({ principal: { sessionId } }: AuthenticatedRequest): boolean | Promise<boolean> {
    if (sessionId === null) return true;
    return chain(this.sessions.has(sessionId), (goesOn) => {
      if (goesOn) return true;
      throw new DomainError('invalid_token', 'The session of this access token has ended: log in again.');
    });
  }

  private async authenticate(serviceKey: string, request: AuthenticatedRequest): Promise<boolean> {
    request.principal = await this.serviceKeys.authenticate(serviceKey, originOf(request));
    return true;
  }

  /** `info` is why passport-jwt refused: a refusal of ours, or one of jsonwebtoken's. */
  override handleRequest<User>(error: unknown, user: User | false, info: unknown): User {
    if (info instanceof DomainError) throw info;
    if (error instanceof Error) throw error;
    if (user === false) throw notValid();
    return user;
  }
}
