import { client } from '../api/client.js';
import { unwrap } from '../api/problem.js';
import { Button } from '../components/button.js';
import { FormProblem } from '../components/field.js';
import { say } from '../components/toast.js';
import { useSubmit } from '../components/use-submit.js';

/** Where the service sends mails: whether the email was shown to be theirs, and another mail by which to show it. */
export function EmailVerification({ isVerified, email }: { isVerified: boolean; email: string | null }) {
  const { isBusy, problem, submit } = useSubmit(async () => {
    unwrap(await client.POST('/auth/email/verification'));
    say(`A mail with a link is on its way to ${email ?? 'you'}.`);
  });
  if (isVerified) return <span className="badge dot ok">Verified</span>;
  return (
    <>
      <span className="badge dot warn">Not verified</span>
      <Button
        isBusy={isBusy}
        onClick={() => {
          submit();
        }}
      >
        Send the mail again
      </Button>
      <FormProblem problem={problem} />
    </>
  );
}
