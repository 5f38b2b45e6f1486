import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../../shared/http/api-problems.decorator.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentPrincipal, RequireScopes, type Principal } from '../../auth/index.js';
import { KeyImportService } from '../application/key-import.service.js';
import { ApplicationIdQueryDto } from './api-key.dto.js';
import { ImportKeysDto, ImportKeysResultDto } from './key-import.dto.js';

@ApiTags('API keys')
@ApiBearerAuth('bearer')
@Controller('apikey/import')
export class KeyImportController {
  constructor(private readonly imports: KeyImportService) {}

  @Post()
  @HttpCode(200)
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'query', need: 'manage-keys' })
  @ApiOperation({
    operationId: 'importApiKeys',
    summary: 'Import up to 1,000 keys that were issued elsewhere',
    description:
      'By their SHA-256, so that a team moves here without issuing its keys anew: they are verified, changed, rotated ' +
      'and revoked as any other. Such a key has 16 to 255 characters, and comes in `x-api-key` where a gateway asks.',
  })
  @ApiOkResponse({ type: ImportKeysResultDto })
  @ApiProblems('validation_failed', 'insufficient_scope', 'api_key_limit_reached')
  async import(
    @CurrentApplication() application: Application,
    @CurrentPrincipal() principal: Principal,
    @Query() _query: ApplicationIdQueryDto,
    @Body() body: ImportKeysDto,
  ): Promise<ImportKeysResultDto> {
    const keys = body.keys.map(({ sha256, prefix = '', ...settings }) => ({
      ...settings,
      sha256: Buffer.from(sha256, sha256.length === 64 ? 'hex' : 'base64url'),
      prefix,
    }));
    return { results: await this.imports.import(application.id, keys, principal) };
  }
}
