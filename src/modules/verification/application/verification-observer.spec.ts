import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { VerificationObservers, type ObservedVerification } from './verification-observer.js';

it('tells every observer of a verification, also when one before it fails', () => {
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  try {
    const observers = new VerificationObservers();
    const told: string[] = [];
    observers.subscribe({
      observe: () => {
        throw new Error('no room');
      },
    });
    observers.subscribe({ observe: ({ source }) => told.push(source) });
    observers.observe({ source: 'cache' } as ObservedVerification);
    expect(told).toEqual(['cache']);
    expect(log).toHaveBeenCalledWith('a verification was not observed: no room');
  } finally {
    log.mockRestore();
  }
});
