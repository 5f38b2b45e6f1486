import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env } from '../../config/env.js';
import { packageDirectory } from '../package-directory.js';
import { Metrics } from './metrics.js';

/** Tells Prometheus what runs here, so that a graph can show when that has changed. */
@Injectable()
export class BuildInfo {
  constructor(metrics: Metrics, @Inject(ENV) { BUILD_COMMIT: commit = 'unknown' }: Env) {
    const labels = { version: versionOfPackage(), commit, node: process.versions.node };
    metrics.gaugeOf(
      {
        name: 'upblit_build_info',
        help: 'Always 1: the version, the commit that it was built from, and the version of Node are in the labels.',
        labelNames: ['version', 'commit', 'node'],
      },
      () => [[labels, 1]],
    );
  }
}

export function versionOfPackage(): string {
  const manifest = readFileSync(join(packageDirectory(), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
