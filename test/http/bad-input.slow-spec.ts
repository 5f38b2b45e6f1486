import { jest } from '@jest/globals';
import { testBadInput } from './bad-input.js';

jest.setTimeout(900_000);

testBadInput(1);
