/** What the file that runs now finds in `@jest/globals`. */
const current = (name) => globalThis[Symbol.for('test globals')][name];

/** Helpers that several test files share are loaded once, and must not keep the functions of the first file. */
const delegate = (name) =>
  new Proxy(function () {}, {
    apply: (_target, _this, args) => current(name)(...args),
    get: (_target, property) => current(name)[property],
  });

export const afterAll = delegate('afterAll');
export const afterEach = delegate('afterEach');
export const beforeAll = delegate('beforeAll');
export const beforeEach = delegate('beforeEach');
export const describe = delegate('describe');
export const expect = delegate('expect');
export const it = delegate('it');
export const jest = delegate('jest');
