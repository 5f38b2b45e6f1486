import { describe, expect, it } from '@jest/globals';
import {
  CannotExecuteNotConnectedError,
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
} from 'typeorm';
import { fromDatabaseError } from './postgres-errors.js';

function sqlState(code: string): Error {
  const driverError = Object.assign(new Error('a message of PostgreSQL'), { code });
  return new QueryFailedError('SELECT 1', [], driverError);
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

describe('an error of the database', () => {
  it.each([
    '08006',
    '08001',
    '25006',
    '26000',
    '28P01',
    '3D000',
    '40001',
    '40P01',
    '42P05',
    '53300',
    '53100',
    '55P03',
    '57014',
    '57P01',
    '57P03',
    '58030',
  ])('%s may be gone the next time: service_unavailable', (code) => {
    expect(fromDatabaseError(sqlState(code))).toMatchObject({
      code: 'service_unavailable',
      details: { retryAfter: 1 },
    });
  });

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

  it.each(['23505', '23503', '42601', '42P01', '22P02', 'XX000'])('%s is a bug of ours', (code) => {
    expect(fromDatabaseError(sqlState(code))).toBeUndefined();
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
