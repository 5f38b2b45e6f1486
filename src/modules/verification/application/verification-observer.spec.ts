import { expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  VerificationObservers,
  type ObservedVerification,
  type ServiceKeyUse,
} from './verification-observer.js';

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

it('tells those who want to know of the use of a service key, also when one before them fails', () => {
  const log = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  try {
    const observers = new VerificationObservers();
    const told: unknown[] = [];
    observers.subscribe({ observe: () => undefined });
    observers.subscribe({
      observe: () => undefined,
      observeServiceKey: () => {
        throw new Error('no room');
      },
    });
    observers.subscribe({ observe: () => undefined, observeServiceKey: (...use) => told.push(use) });
    const use = { keyId: 'a key' } as ServiceKeyUse;
    observers.observeServiceKey(use, '192.0.2.1', 7);
    expect(told).toEqual([[use, '192.0.2.1', 7]]);
    expect(log.mock.calls).toEqual([['the use of a service key was not observed: no room']]);
  } finally {
    log.mockRestore();
  }
});
