import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import type { Actor } from '../../../shared/actor.js';
import { RouteSettings } from '../../../shared/http/route-settings.js';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { CurrentActor, RequireScopes } from '../../auth/index.js';
import { KeyImportService } from '../application/key-import.service.js';
import { ImportApiKeysDocs, KeyImportDocs } from './key-import.docs.js';
import { ImportKeysDto, ImportKeysQueryDto, ImportKeysResultDto } from './key-import.dto.js';

@KeyImportDocs()
@Controller('apikey/import')
export class KeyImportController {
  constructor(private readonly imports: KeyImportService) {}

  @Post()
  @HttpCode(200)
  @RouteSettings({ bodyLimit: 1024 * 1024 })
  @RequireScopes('apikeys:write')
  @ApplicationAccess({ from: 'query', permission: 'manage-keys' })
  @ImportApiKeysDocs()
  async import(
    @CurrentActor() actor: Actor,
    @CurrentApplication() application: Application,
    @Query() { dryRun = false }: ImportKeysQueryDto,
    @Body() body: ImportKeysDto,
  ): Promise<ImportKeysResultDto> {
    const keys = body.keys.map(({ sha256, prefix = '', ...settings }) => ({
      ...settings,
      sha256: Buffer.from(sha256, sha256.length === 64 ? 'hex' : 'base64url'),
      prefix,
    }));
    const results = dryRun
      ? await this.imports.preview(actor, application, keys)
      : await this.imports.import(actor, application, keys);
    return { results };
  }
}
