import { LoadProblem, Skeleton } from '../components/loading.js';
import { useTitle } from '../components/use-title.js';
import { useApplication } from './application-context.js';
import { KeysSection } from './keys.js';
import { useKeys } from './use-keys.js';

export function KeysPage() {
  const application = useApplication();
  const { keys, error, isLoading, loadMore } = useKeys(application.id);
  useTitle(`Keys · ${application.name}`);
  if (keys !== undefined)
    return <KeysSection application={application} keys={keys} isLoading={isLoading} loadMore={loadMore} />;
  if (error !== null) return <LoadProblem error={error} />;
  return <Skeleton rows={8} label="Loading the keys" />;
}
