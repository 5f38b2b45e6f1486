import { PlusIcon, TokensIcon } from '@radix-ui/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queryClient } from '../../api/queries.js';
import { serviceKeysQuery, type ServiceKey, type ServiceScope } from '../../api/service-key-queries.js';
import { Button } from '../../components/button.js';
import { LoadProblem, Skeleton } from '../../components/loading.js';
import { useTitle } from '../../components/use-title.js';
import { SecretDialog } from '../../dialogs/secret-dialog.js';
import type { ShownSecret } from '../../dialogs/secret.js';
import { VERIFY_SNIPPETS } from '../../dialogs/snippets.js';
import { useApplication } from '../application-context.js';
import { RevokeServiceKeyDialog, RotateServiceKeyDialog } from './end-service-key.js';
import { ServiceKeyDialog } from './service-key-dialog.js';
import { ServiceKeyTable, type ServiceKeyAction } from './service-key-table.js';

type Open =
  | { dialog: 'create' }
  | { dialog: ServiceKeyAction; serviceKey: ServiceKey }
  | { dialog: 'secret'; title: string; secret: ShownSecret; scopes: readonly ServiceScope[] };

export function ServiceKeysPage() {
  const application = useApplication();
  const query = serviceKeysQuery(application.id);
  const { data, error } = useQuery(query);
  const [open, setOpen] = useState<Open>();
  useTitle(`Service keys · ${application.name}`);

  const close = (): void => {
    setOpen(undefined);
  };
  const changed = (): void => {
    void queryClient.invalidateQueries({ queryKey: query.queryKey });
  };
  const show = (title: string, secret: ShownSecret, scopes: readonly ServiceScope[]): void => {
    setOpen({ dialog: 'secret', title, secret, scopes });
    changed();
  };
  const create = (
    <Button
      kind="primary"
      icon={<PlusIcon aria-hidden="true" />}
      onClick={() => {
        setOpen({ dialog: 'create' });
      }}
    >
      Create service key
    </Button>
  );

  return (
    <section aria-label="Service keys">
      {data !== undefined && data.length > 0 && (
        <div className="toolbar">
          <p className="soft section-lead">
            What your own services show when they verify keys, or manage them. Each has its own, and may do
            what its scopes say.
          </p>
          <span className="spring" />
          {create}
        </div>
      )}
      {data === undefined && error === null && <Skeleton rows={4} label="Loading the service keys" />}
      {data === undefined && error !== null && <LoadProblem error={error} />}
      {data?.length === 0 && (
        <section className="empty">
          <span className="empty-mark">
            <TokensIcon aria-hidden="true" />
          </span>
          <h2>No service keys yet</h2>
          <p className="soft">
            The services that receive your customers’ keys need one to ask whether such a key is good.
          </p>
          {create}
        </section>
      )}
      {data !== undefined && data.length > 0 && (
        <ServiceKeyTable
          keys={data}
          onChanged={changed}
          onAction={(dialog, serviceKey) => {
            setOpen({ dialog, serviceKey });
          }}
        />
      )}

      {open?.dialog === 'create' && (
        <ServiceKeyDialog
          applicationId={application.id}
          onClose={close}
          onCreated={(secret, scopes) => {
            show('The new service key', secret, scopes);
          }}
        />
      )}
      {open?.dialog === 'edit' && (
        <ServiceKeyDialog
          applicationId={application.id}
          serviceKey={open.serviceKey}
          onClose={() => {
            close();
            changed();
          }}
        />
      )}
      {open?.dialog === 'rotate' && (
        <RotateServiceKeyDialog
          serviceKey={open.serviceKey}
          onClose={close}
          onRotated={(secret) => {
            show('The new secret', secret, open.serviceKey.scopes);
          }}
        />
      )}
      {open?.dialog === 'revoke' && (
        <RevokeServiceKeyDialog serviceKey={open.serviceKey} onClose={close} onRevoked={changed} />
      )}
      {open?.dialog === 'secret' && (
        <SecretDialog
          title={open.title}
          secret={open.secret}
          of="service-key"
          snippets={open.scopes.includes('keys:verify') ? VERIFY_SNIPPETS : []}
          onDone={close}
        />
      )}
    </section>
  );
}
