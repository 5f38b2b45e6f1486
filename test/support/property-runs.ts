/** How many examples of a property a unit test tries. `npm run mutate` asks for fewer, since every mistake repeats them. */
export const PROPERTY_RUNS = Number(process.env.PROPERTY_RUNS ?? 100);
