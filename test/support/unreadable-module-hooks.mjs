let file;
let code;

export function initialize(unreadable) {
  [file, code] = unreadable.split(' ');
}

export function load(url, context, next) {
  if (url.endsWith(file)) throw Object.assign(new Error(`${code}: no file could be opened`), { code });
  return next(url, context);
}
