import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

/** RFC 3339, section 5.6, with seconds and an offset. */
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i;

/** Reads an RFC 3339 time into a Date; what is none is left as it is, for `IsTime` to refuse. */
export function ReadTime(): PropertyDecorator {
  return Transform(({ value }: { value: unknown }) => {
    if (typeof value !== 'string' || !RFC3339.test(value) || !isCalendarDay(value.slice(0, 10))) return value;
    const time = new Date(value);
    return Number.isNaN(time.getTime()) ? value : time;
  });
}

/** JavaScript would read February 30 as March 2. */
function isCalendarDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

export function IsTime(): PropertyDecorator {
  return ValidateBy({
    name: 'isTime',
    validator: {
      validate: (value) => value instanceof Date,
      defaultMessage: () => 'must be an RFC 3339 time, such as 2027-05-27T10:00:00Z',
    },
  });
}
