import { describe, expect, it } from '@jest/globals';
import { onKind, onEntity } from './change.js';
import { FillGate } from './fill-gate.js';

const KEY = onEntity('api_key', 'one');

describe('The gate of a cache', () => {
  it('lets in what has not changed since its read began', () => {
    const gate = new FillGate();
    gate.noteChange({ kind: 'api_key', id: 'one' });
    const ticket = gate.begin();
    gate.noteChange({ kind: 'api_key', id: 'another' });
    expect(gate.allows(ticket, [KEY])).toBe(true);
  });

  it('keeps out what has changed since its read began, whichever of its parts it was', () => {
    const gate = new FillGate();
    const ticket = gate.begin();
    gate.noteChange({ kind: 'application', id: 'a' });
    expect(gate.allows(ticket, [KEY, onEntity('application', 'a')])).toBe(false);
    expect(gate.allows(gate.begin(), [KEY, onEntity('application', 'a')])).toBe(true);
  });

  it('keeps out what speaks of a whole kind after any change of that kind', () => {
    const gate = new FillGate();
    const ticket = gate.begin();
    gate.noteChange({ kind: 'import', id: 'x' });
    expect(gate.allows(ticket, [onKind('import')])).toBe(false);
    expect(gate.allows(ticket, [onKind('api_key')])).toBe(true);
  });

  it('keeps out every read that began before everything was forgotten', () => {
    const gate = new FillGate();
    const ticket = gate.begin();
    gate.noteReset();
    expect(gate.allows(ticket, [])).toBe(false);
    expect(gate.allows(gate.begin(), [KEY])).toBe(true);
  });

  it('remembers a bounded number of changes, and keeps out a read that is older than its memory', () => {
    const gate = new FillGate(10);
    const ticket = gate.begin();
    gate.noteChange({ kind: 'api_key', id: 'one' });
    for (let index = 0; index < 20; index += 1) gate.noteChange({ kind: 'api_key', id: `other-${index}` });
    expect(gate.allows(ticket, [KEY])).toBe(false);
    expect(gate.allows(ticket, [onEntity('api_key', 'never changed')])).toBe(false);
    // What fits into the memory is not forgotten: a change is one of its record, and one of its kind.
    const roomy = new FillGate(2);
    roomy.noteChange({ kind: 'api_key', id: 'one' });
    expect(roomy.allows(0, [onEntity('api_key', 'never changed')])).toBe(true);
    // A read of ordinary length is let in although changes never cease.
    const later = gate.begin();
    for (let index = 0; index < 5; index += 1) gate.noteChange({ kind: 'api_key', id: `more-${index}` });
    expect(gate.allows(later, [KEY])).toBe(true);
  });
});
