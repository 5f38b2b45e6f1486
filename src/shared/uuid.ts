const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID as this service writes it: in lower case (RFC 9562, section 4). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
