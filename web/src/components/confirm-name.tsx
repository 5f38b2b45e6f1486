import { useState, type ReactNode } from 'react';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { FormProblem, TextField } from './field.js';
import { useSubmit } from './use-submit.js';

interface Props {
  title: string;
  /** What has to be typed. */
  name: string;
  action: string;
  children: ReactNode;
  work: () => Promise<void>;
  onClose: () => void;
}

/** Asks for the name of what is about to go: nobody types the wrong one by accident. */
export function ConfirmByName({ title, name, action, children, work, onClose }: Props) {
  const [typed, setTyped] = useState('');
  const { isBusy, problem, submit } = useSubmit(work);
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit} className="dialog-form">
        <div className="stack dialog-body">
          {children}
          <TextField
            label={`Type “${name}” to confirm`}
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onChange={({ target }) => {
              setTyped(target.value);
            }}
          />
          <FormProblem problem={problem} />
        </div>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="danger" isBusy={isBusy} disabled={typed.trim() !== name}>
            {action}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
