import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { Origin } from '../../../shared/actor.js';
import { CurrentOrigin, LimitCalls, Public } from '../../auth/index.js';
import { LeakReports } from '../application/leak-reports.js';
import { LeaksDocs, ReportLeakDocs } from './leaks.docs.js';
import { LeakReportDto } from './leaks.dto.js';

/** For whoever finds a key, which is the only credential here. */
@LeaksDocs()
@Public()
@Controller('leaks')
export class LeaksController {
  constructor(private readonly reports: LeakReports) {}

  @Post('report')
  @HttpCode(204)
  @LimitCalls('leak')
  @ReportLeakDocs()
  async report(@Body() { keys }: LeakReportDto, @CurrentOrigin() origin: Origin): Promise<void> {
    await this.reports.ofAnybody(keys, origin);
  }
}
