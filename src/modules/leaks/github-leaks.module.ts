import { Module } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { Clock } from '../../shared/clock.js';
import { AuthModule } from '../auth/index.js';
import { GithubSignatures } from './application/github-signatures.js';
import { GithubLeaksController } from './http/github-leaks.controller.js';
import { RemoteGithubKeys } from './infrastructure/remote-github-keys.js';
import { LeaksModule } from './leaks.module.js';

/** Takes those of GitHub's secret scanning. With `LEAKS_GITHUB=off` the service has no such route. */
@Module({
  imports: [LeaksModule, AuthModule],
  controllers: [GithubLeaksController],
  providers: [
    {
      provide: GithubSignatures,
      inject: [ENV, Clock],
      useFactory: (env: Env, clock: Clock) =>
        new GithubSignatures(new RemoteGithubKeys(new URL(env.LEAKS_GITHUB_KEYS_URL), clock)),
    },
  ],
})
export class GithubLeaksModule {}
