import { Client } from 'pg';

/** What a database's schema consists of, one line an object, sorted; TypeORM's own table of migrations left out. */
export async function readCatalog(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(CATALOG);
    return rows.map(({ line }) => line).sort();
  } finally {
    await client.end();
  }
}

/** Leaves out PostgreSQL's own objects and TypeORM's. */
const ours = (name: string): string =>
  `n.nspname !~ '^(pg_|information_schema$)' AND ${name} !~ '^migrations(_id_seq)?$'`;

const CATALOG = `
  SELECT 'schema ' || nspname AS line FROM pg_namespace n WHERE nspname !~ '^(pg_|information_schema$)'
  UNION ALL
  -- Tables, views, sequences, and the types that tables are.
  SELECT format('relation %s.%s kind=%s options=%s', n.nspname, c.relname, c.relkind, c.reloptions)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind <> 'i' AND ${ours('c.relname')}
  UNION ALL
  SELECT format('column %s.%s %s %s nullable=%s default=%s', c.relname, a.attnum, a.attname,
                format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') AND ${ours('c.relname')}
  UNION ALL
  SELECT format('constraint %s %s: %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${ours('c.relname')}
  UNION ALL
  SELECT 'index ' || pg_get_indexdef(c.oid)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${ours('t.relname')}
  UNION ALL
  SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT t.tgisinternal
  UNION ALL
  SELECT 'function ' || pg_get_functiondef(p.oid)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE p.prokind IN ('f', 'p') AND ${ours('p.proname')}
  UNION ALL
  -- Enums, domains and the like; the row and array types of tables come and go with them.
  SELECT format('type %s kind=%s labels=%s', t.typname, t.typtype,
                (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('e', 'd', 'r', 'm') AND ${ours('t.typname')}
  UNION ALL
  SELECT 'extension ' || extname FROM pg_extension
  UNION ALL
  SELECT format('policy %s %s', tablename, policyname) FROM pg_policies`;
