import { Readable } from 'node:stream';
import { Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import { ApplicationAccess, CurrentApplication, type Application } from '../../applications/index.js';
import { RequireScopes } from '../../auth/index.js';
import { AuditService } from '../application/audit.service.js';
import { AuditDocs, ExportAuditDocs, ListAuditDocs } from './audit.docs.js';
import {
  AuditEventPageDto,
  ExportAuditQueryDto,
  ListAuditQueryDto,
  toAuditEventResponse,
} from './audit.dto.js';

@AuditDocs()
@Controller('applications/:id/audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @RequireScopes('audit:read')
  @ApplicationAccess({ from: 'path', permission: 'read-audit' })
  @ListAuditDocs()
  async list(
    @CurrentApplication() application: Application,
    @Query() { keyId, ...query }: ListAuditQueryDto,
  ): Promise<AuditEventPageDto> {
    // Ids are compared in lower case (RFC 9562, section 4).
    const target = keyId?.toLowerCase();
    const page = await this.audit.list(application.id, { ...query, ...(target !== undefined && { target }) });
    return { ...page, data: page.data.map(toAuditEventResponse) };
  }

  @Get('export')
  @RequireScopes('audit:read')
  @ApplicationAccess({ from: 'path', permission: 'read-audit' })
  @Header('Cache-Control', 'no-store')
  @ExportAuditDocs()
  async export(
    @CurrentApplication() application: Application,
    @Query() { format = 'chain' }: ExportAuditQueryDto,
  ): Promise<StreamableFile> {
    const lines = await this.audit.export(application.id, format);
    return new StreamableFile(Readable.from(lines, { objectMode: false }), { type: 'application/x-ndjson' });
  }
}
