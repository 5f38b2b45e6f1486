import { describe, expect, it } from '@jest/globals';
import {
  CannotExecuteNotConnectedError,
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
} from 'typeorm';
import { CommitInDoubt, NotCommitted, StandbyRefused } from './connection-errors.js';
import { fromDatabaseError } from './postgres-errors.js';

/**
 * Every code that PostgreSQL 18 can send as an error (appendix A, without the classes of success and of warnings), by
 * its class: those after which the same call may succeed a little later, and those that mean a bug of ours.
 */
const APPENDIX_A: Record<string, { passing?: string; bug?: string }> = {
  '03': { bug: '000' },
  '08': { passing: '000 001 003 004 006 007 P01' },
  '09': { bug: '000' },
  '0A': { bug: '000' },
  '0B': { bug: '000' },
  '0F': { bug: '000 001' },
  '0L': { bug: '000 P01' },
  '0P': { bug: '000' },
  '0Z': { bug: '000 002' },
  '10': { bug: '608' },
  '20': { bug: '000' },
  '21': { bug: '000' },
  '22': {
    bug: `000 001 002 003 004 005 007 008 009 00B 00C 00D 00F 00G 00H 00L 00M 00N 00S 00T 010 011 012 013 014 015 016
      018 019 01B 01E 01F 01G 01W 01X 022 023 024 025 026 027 02E 02G 02H 030 031 032 033 034 035 036 037 038 039 03A
      03B 03C 03D 03E 03F 03G P01 P02 P03 P04 P06`,
  },
  '23': { bug: '000 001 502 503 505 514 P01' },
  '24': { bug: '000' },
  '25': { passing: '006 P02 P03 P04', bug: '000 001 002 003 004 005 007 008 P01' },
  '26': { passing: '000' },
  '27': { bug: '000' },
  '28': { passing: '000 P01' },
  '2B': { bug: '000 P01' },
  '2D': { bug: '000' },
  '2F': { bug: '000 002 003 004 005' },
  '34': { bug: '000' },
  '38': { bug: '000 001 002 003 004' },
  '39': { bug: '000 001 004 P01 P02 P03' },
  '3B': { bug: '000 001' },
  '3D': { passing: '000' },
  '3F': { bug: '000' },
  '40': { passing: '000 001 002 003 P01' },
  '42': {
    passing: 'P05',
    bug: `000 501 601 602 611 622 701 702 703 704 710 712 723 725 803 804 809 830 846 883 8C9 939 P01 P02 P03 P04 P06
      P07 P08 P09 P10 P11 P12 P13 P14 P15 P16 P17 P18 P19 P20 P21 P22`,
  },
  '44': { bug: '000' },
  '53': { passing: '000 100 200 300 400' },
  '54': { bug: '000 001 011 023' },
  '55': { passing: 'P03', bug: '000 006 P02 P04' },
  '57': { passing: '000 014 P01 P02 P03 P04 P05' },
  '58': { passing: '000 030 P01 P02 P03' },
  '72': { passing: '000' },
  F0: { passing: '000 001' },
  HV: {
    bug: `000 001 002 004 005 006 007 008 009 00A 00B 00C 00D 00J 00K 00L 00M 00N 00P 00Q 00R 010 014 021 024 090
      091`,
  },
  P0: { bug: '000 001 002 003 004' },
  XX: { passing: '001 002', bug: '000' },
};

function codes(kind: 'passing' | 'bug'): string[] {
  return Object.entries(APPENDIX_A).flatMap(([group, { [kind]: rest = '' }]) =>
    rest
      .split(/\s+/)
      .filter((end) => end !== '')
      .map((end) => group + end),
  );
}

function sqlState(code: string, message = 'a message of PostgreSQL'): Error {
  const driverError = Object.assign(new Error(message), { code });
  return new QueryFailedError('SELECT 1', [], driverError);
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

const UNAVAILABLE = { code: 'service_unavailable', details: { retryAfter: 1 } };

describe('an error of the database', () => {
  it.each(codes('passing'))('%s may be gone the next time: service_unavailable', (code) => {
    expect(fromDatabaseError(sqlState(code))).toMatchObject(UNAVAILABLE);
  });

  it.each(codes('bug'))('%s is a bug of ours', (code) => {
    expect(fromDatabaseError(sqlState(code))).toBeUndefined();
  });

  it.each([
    ['XX000', 'cannot assign TransactionIds during recovery'],
    ['25006', 'cannot execute UPDATE in a read-only transaction'],
    ['25006', 'cannot execute nextval() during recovery'],
    ['0A000', 'cannot access temporary or unlogged relations during recovery'],
    ['55000', 'recovery is in progress'],
    ['55000', 'database "upblit" is not currently accepting connections'],
    [
      '54000',
      'database is not accepting commands that assign new transaction IDs to avoid wraparound data loss in database "upblit"',
    ],
  ])('%s is a state of the server when it says "%s"', (code, message) => {
    expect(fromDatabaseError(sqlState(code, message))).toMatchObject(UNAVAILABLE);
  });

  it.each([new NotCommitted(), new CommitInDoubt(), new StandbyRefused()])(
    '%s is answered as what the server says itself',
    (error) => {
      expect(fromDatabaseError(error)).toMatchObject(UNAVAILABLE);
    },
  );

  it.each([
    systemError('ECONNREFUSED', 'connect'),
    systemError('ECONNRESET', 'read'),
    systemError('EPIPE', 'write'),
    systemError('ENOENT', 'connect'),
    systemError('ENOTFOUND', 'getaddrinfo'),
    new AggregateError([], 'no address answered'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('Query read timeout'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('Cannot use a pool after calling end on the pool'),
    new Error('The server does not support SSL connections'),
    new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature is missing'),
    Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' }),
    new CannotExecuteNotConnectedError(),
    new QueryRunnerAlreadyReleasedError(),
    new QueryRunnerProviderAlreadyReleasedError(),
  ])('%s means that it is out of reach', (error) => {
    if (error instanceof AggregateError) Object.assign(error, { code: 'ECONNREFUSED' });
    expect(fromDatabaseError(error)).toMatchObject({ code: 'service_unavailable' });
  });

  it.each(['22021', '22P05'])('%s is text that it cannot store: the caller is told', (code) => {
    expect(fromDatabaseError(sqlState(code))).toMatchObject({ code: 'invalid_request' });
  });

  it.each([new Error('something else'), systemError('ENOENT', 'open'), 'no error at all', undefined])(
    '%s is none of the database',
    (error) => {
      expect(fromDatabaseError(error)).toBeUndefined();
    },
  );

  it('never tells the caller what the database said', () => {
    const { detail } = fromDatabaseError(sqlState('57P01'))!;
    expect(detail).toBe('Try again in a moment.');
  });
});
