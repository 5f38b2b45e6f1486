import { Body, Controller, Get, Patch } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { HygieneService } from '../application/hygiene.service.js';
import { ChangedPolicyDto, toFoundKeysResponse } from './hygiene.dto.js';
import { ChangePolicyDocs, GetPolicyDocs, PolicyDocs } from './policy.docs.js';
import { ChangePolicyDto, PolicyDto, toPolicyResponse } from './policy.dto.js';

@PolicyDocs()
@Controller('applications/:id/policy')
export class PolicyController {
  constructor(private readonly hygiene: HygieneService) {}

  @Get()
  @RequireScopes('applications:read')
  @ApplicationAccess({ from: 'path', permission: 'read' })
  @GetPolicyDocs()
  get(@CurrentApplication() { policy }: Application): PolicyDto {
    return toPolicyResponse(policy);
  }

  @Patch()
  @RequireScopes('applications:write')
  @ApplicationAccess({ from: 'path', permission: 'manage-policy' })
  @ChangePolicyDocs()
  async change(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Body() body: ChangePolicyDto,
  ): Promise<ChangedPolicyDto> {
    const { policy, violations } = await this.hygiene.changePolicy(actor, application, body);
    return Object.assign(toPolicyResponse(policy), {
      violations: toFoundKeysResponse(application.id, violations),
    });
  }
}
