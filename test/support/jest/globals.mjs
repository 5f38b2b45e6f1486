/** Stands for `@jest/globals`, which Jest provides only to the modules that it has loaded itself. */
const current = (name) => globalThis[Symbol.for('test globals')][name];

/** Helpers that several test files share are loaded once, and must not keep the functions of the first file. */
const delegate = (name) =>
  new Proxy(function () {}, {
    apply: (_target, _this, args) => current(name)(...args),
    get: (_target, property) => current(name)[property],
  });

const isOfOneFile = new URL(import.meta.url).searchParams.has('for');
const provide = isOfOneFile ? current : delegate;

export const afterAll = provide('afterAll');
export const afterEach = provide('afterEach');
export const beforeAll = provide('beforeAll');
export const beforeEach = provide('beforeEach');
export const describe = provide('describe');
export const expect = provide('expect');
export const it = provide('it');
export const jest = provide('jest');
