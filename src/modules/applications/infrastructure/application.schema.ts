import { EntitySchema } from 'typeorm';
import { Application } from '../domain/application.js';

/** Maps the entity from outside, so that it stays free of decorators. */
export const applicationSchema = new EntitySchema<Application>({
  name: 'Application',
  target: Application,
  tableName: 'applications',
  columns: {
    id: { type: 'uuid', primary: true },
    name: { type: 'text' },
    description: { type: 'text', nullable: true },
    environment: { type: 'text' },
    ownerIssuer: { type: 'text', name: 'owner_issuer' },
    ownerSubject: { type: 'text', name: 'owner_subject' },
    createdAt: { type: 'timestamptz', precision: 3, name: 'created_at' },
    updatedAt: { type: 'timestamptz', precision: 3, name: 'updated_at' },
    deletedAt: { type: 'timestamptz', precision: 3, name: 'deleted_at', nullable: true },
    version: { type: 'integer' },
    scopes: { type: 'text', array: true, nullable: true },
    storedPolicy: { type: 'jsonb', name: 'policy', nullable: true },
    creatorIssuer: { type: 'text', name: 'creator_issuer', nullable: true },
    creatorSubject: { type: 'text', name: 'creator_subject', nullable: true },
  },
  indices: [
    { name: 'applications_of_creator_by_day', columns: ['creatorIssuer', 'creatorSubject', 'createdAt'] },
  ],
  checks: [
    { name: 'applications_scopes', expression: 'cardinality(scopes) <= 100' },
    { name: 'applications_policy', expression: `jsonb_typeof(policy) = 'object'` },
    { name: 'applications_name_length', expression: 'char_length(name) BETWEEN 1 AND 100' },
    { name: 'applications_description_length', expression: 'char_length(description) <= 1000' },
    {
      name: 'applications_environment',
      expression: `environment IN ('production', 'staging', 'development')`,
    },
    { name: 'applications_owner', expression: `owner_issuer <> '' AND owner_subject <> ''` },
  ],
});
