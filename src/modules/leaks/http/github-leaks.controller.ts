import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import type { Origin } from '../../../shared/actor.js';
import { Clock } from '../../../shared/clock.js';
import { rawHeaderValues } from '../../../shared/http/raw-header-values.js';
import { RouteSettings } from '../../../shared/http/route-settings.js';
import { CurrentOrigin, Public } from '../../auth/index.js';
import { GithubSignatures } from '../application/github-signatures.js';
import { LeakReports } from '../application/leak-reports.js';
import { feedbackOn, readMessage, type GithubFeedback } from './github-message.js';
import { LeaksDocs, ReportGithubLeaksDocs } from './leaks.docs.js';

/**
 * For the secret scanning partner program of GitHub
 * (https://docs.github.com/code-security/secret-scanning/secret-scanning-partner-program).
 */
@LeaksDocs()
@Public()
@Controller('leaks')
export class GithubLeaksController {
  constructor(
    private readonly signatures: GithubSignatures,
    private readonly reports: LeakReports,
    private readonly clock: Clock,
  ) {}

  @Post('github')
  @HttpCode(200)
  // A message may name many. Nothing in it is read before it is known who has signed it.
  @RouteSettings({ bodyLimit: 4 * 1024 * 1024, takesBytes: true })
  @ReportGithubLeaksDocs()
  async report(
    @Req() { raw, body }: FastifyRequest,
    @CurrentOrigin() origin: Origin,
  ): Promise<GithubFeedback[]> {
    const since = this.clock.monotonic();
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    await this.signatures.assertSigned(
      bytes,
      rawHeaderValues(raw, 'github-public-key-identifier'),
      rawHeaderValues(raw, 'github-public-key-signature'),
    );
    const message = await readMessage(bytes);
    const judged = await this.reports.ofGithub(message, origin, hash('sha256', bytes), since);
    return message.map((leak) => feedbackOn(leak, judged.get(leak.text) === true));
  }
}
