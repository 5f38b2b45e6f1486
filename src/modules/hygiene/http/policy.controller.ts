import { Body, Controller, Get, Patch } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import {
  ApplicationAccess,
  ApplicationService,
  CurrentApplication,
  type Application,
} from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { ChangePolicyDocs, GetPolicyDocs, PolicyDocs } from './policy.docs.js';
import { ChangePolicyDto, PolicyDto, toPolicyResponse } from './policy.dto.js';

@PolicyDocs()
@Controller('applications/:id/policy')
export class PolicyController {
  constructor(private readonly applications: ApplicationService) {}

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
  ): Promise<PolicyDto> {
    const { policy } = await this.applications.changePolicy(actor, application, body);
    return toPolicyResponse(policy);
  }
}
