/* Taking back what was given out, after asking. */
import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useAdminChange } from '../../api/admin';
import { complain, Confirm } from '../../ui/parts';

interface Props {
  what: string;
  question: string;
  testid: string;
  revoke(): Promise<unknown>;
  children: ReactNode;
}

export function RevokeButton({ what, question, testid, revoke, children }: Props) {
  const [asking, setAsking] = useState(false);
  const revoking = useAdminChange(revoke);
  const close = () => setAsking(false);
  return (
    <>
      <Button size="xs" variant="subtle" color="red" style={{ flexShrink: 0 }} onClick={() => setAsking(true)} aria-label={`Revoke ${what}`} data-testid={testid}>
        Revoke
      </Button>
      <Confirm
        opened={asking}
        title={question}
        confirm="Revoke"
        busy={revoking.isPending}
        onConfirm={() => revoking.mutate(undefined, { onError: complain, onSettled: close })}
        onClose={close}
      >
        {children}
      </Confirm>
    </>
  );
}
