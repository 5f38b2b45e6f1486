import { Injectable, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  VerificationObservers,
  type ObservedVerification,
} from '../../src/modules/verification/application/verification-observer.js';
import { VerificationModule } from '../../src/modules/verification/index.js';
import { Client, verify } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

@Injectable()
class Usage {
  readonly codes: string[] = [];

  constructor(observers: VerificationObservers) {
    observers.subscribe(this);
  }

  observe({ verdict }: ObservedVerification): void {
    this.codes.push(verdict.code);
  }
}

@Module({ imports: [VerificationModule], providers: [Usage] })
class UsageModule {}

describe('a module that imports the one that verifies', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.stop());

  it('is told of every verdict', async () => {
    const loaded = await app.nest.get(LazyModuleLoader, { strict: false }).load(() => UsageModule);
    const owner = await Client.signedIn(app);
    const { key } = await owner.issueKey(await owner.createApplication());
    await verify(app, key);
    await verify(app, key, { scopes: ['a'] });
    expect(loaded.get(Usage).codes).toEqual(['VALID', 'INSUFFICIENT_PERMISSIONS']);
  });
});
