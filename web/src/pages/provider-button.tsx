import { Button } from '../components/button.js';
import { FormProblem } from '../components/field.js';
import { useSubmit } from '../components/use-submit.js';
import { session } from '../session/session.js';

/** Leads to the provider, and from there back to where somebody wanted to be. */
export function ProviderButton({
  provider,
  from,
  isOnly,
}: {
  provider: string;
  from: string | undefined;
  isOnly: boolean;
}) {
  const { isBusy, problem, submit } = useSubmit(() => session.beginAtProvider(from));
  return (
    <div className="stack">
      <Button
        kind={isOnly ? 'primary' : 'plain'}
        className="block"
        isBusy={isBusy}
        autoFocus={isOnly}
        onClick={submit}
      >
        Continue with {provider}
      </Button>
      <FormProblem problem={problem} />
    </div>
  );
}
