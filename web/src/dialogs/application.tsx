import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { client, type Application } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { applicationQuery, applicationsQuery, queryClient } from '../api/queries.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { FormProblem, Select, TextArea, TextField } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';
import { wordsOf } from './words.js';

const ENVIRONMENTS = ['production', 'staging', 'development'] as const;
const FIELDS = ['name', 'description', 'environment', 'scopes'];

/** Makes an application, or changes the one that is given. */
export function ApplicationDialog({
  application,
  onClose,
}: {
  application?: Application;
  onClose: () => void;
}) {
  const navigate = useNavigate();
  const [name, setName] = useState(application?.name ?? '');
  const [description, setDescription] = useState(application?.description ?? '');
  const [environment, setEnvironment] = useState<Application['environment']>(
    application?.environment ?? 'production',
  );
  const [scopes, setScopes] = useState(application?.scopes?.join(' ') ?? '');
  const { isBusy, problem, submit } = useSubmit(async () => {
    const words = wordsOf(scopes);
    const body = {
      name,
      description: description.trim() === '' ? null : description,
      environment,
      scopes: words.length === 0 ? null : words,
    };
    const saved =
      application === undefined
        ? unwrap(await client.POST('/applications', { body }))
        : unwrap(
            await client.PATCH('/applications/{id}', { params: { path: { id: application.id } }, body }),
          );
    queryClient.setQueryData(applicationQuery(saved.id).queryKey, saved);
    await queryClient.invalidateQueries({ queryKey: applicationsQuery.queryKey, exact: true });
    onClose();
    say(application === undefined ? `${saved.name} is ready for its first key.` : `${saved.name} is saved.`);
    if (application === undefined) {
      await navigate({ to: '/applications/$applicationId/keys', params: { applicationId: saved.id } });
    }
  });

  return (
    <Dialog title={application === undefined ? 'New application' : 'Edit application'} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form" noValidate>
        <div className="stack dialog-body">
          <TextField
            label="Name"
            value={name}
            autoComplete="off"
            placeholder="checkout-service"
            onChange={({ target }) => {
              setName(target.value);
            }}
            error={problem?.of('name')}
          />
          <TextArea
            label="Description (optional)"
            rows={2}
            value={description}
            onChange={({ target }) => {
              setDescription(target.value);
            }}
            error={problem?.of('description')}
          />
          <Select
            label="Environment"
            value={environment}
            onChange={({ target }) => {
              setEnvironment(target.value as Application['environment']);
            }}
            error={problem?.of('environment')}
          >
            {ENVIRONMENTS.map((one) => (
              <option key={one} value={one}>
                {one.charAt(0).toUpperCase() + one.slice(1)}
              </option>
            ))}
          </Select>
          <TextField
            label="Scopes (optional)"
            value={scopes}
            className="mono"
            autoComplete="off"
            spellCheck={false}
            placeholder="orders:read orders:write"
            onChange={({ target }) => {
              setScopes(target.value);
            }}
            error={problem?.of('scopes')}
            hint="What keys of it may do, in your own words. Whoever makes a key then chooses from these."
          />
          <FormProblem problem={problem} fields={FIELDS} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" isBusy={isBusy}>
            {application === undefined ? 'Create application' : 'Save'}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
