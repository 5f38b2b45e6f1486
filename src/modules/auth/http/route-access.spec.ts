import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test, type TestingModule } from '@nestjs/testing';
import { Public } from '../../../shared/http/public.decorator.js';
import { RequireScopes } from './require-scopes.decorator.js';
import { RouteAccess } from './route-access.js';
import { RouteExplorer } from './route-explorer.js';

async function start(controller: new () => object): Promise<TestingModule> {
  const module = await Test.createTestingModule({
    imports: [DiscoveryModule],
    controllers: [controller],
    providers: [RouteExplorer, RouteAccess],
  }).compile();
  return module.init();
}

describe('An application', () => {
  it('does not start with a route that says nothing of who may call it', async () => {
    @Controller()
    class Forgetful {
      @Get('open')
      @Public()
      open(): string {
        return '';
      }

      @Get('forgotten')
      forgotten(): string {
        return '';
      }
    }
    await expect(start(Forgetful)).rejects.toThrow(/@RequireScopes\(\): Forgetful\.forgotten$/);
  });

  it('does not start with a route that is public and needs a scope', async () => {
    @Controller()
    @RequireScopes('audit:read')
    class Contradictory {
      @Get()
      @Public()
      both(): string {
        return '';
      }
    }
    await expect(start(Contradictory)).rejects.toThrow(/Contradictory\.both$/);
  });

  it('starts when each route, or the controller for all of them, says one of the two', async () => {
    class Base {
      @Get('inherited')
      inherited(): string {
        return '';
      }
    }
    @Controller()
    @RequireScopes()
    class Decided extends Base {
      @Get('own')
      own(): string {
        return '';
      }

      helper(): string {
        return '';
      }
    }
    const app = await start(Decided);
    await app.close();
  });
});
