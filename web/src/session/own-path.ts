/** Whether it is a path of the dashboard: no address of another origin can be made of it. */
export function isOwnPath(from: unknown): from is string {
  return typeof from === 'string' && /^\/(?![/\\])/.test(from);
}
