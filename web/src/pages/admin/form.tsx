/* A form in a dialog: fields, what went wrong, cancel and save. */
import { Button, Group, Modal, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { Problem } from '../../ui/parts';

interface Props {
  title: string;
  save: string;
  busy: boolean;
  blocked?: boolean;
  error: unknown;
  onSave(): void;
  onClose(): void;
  children: ReactNode;
}

export function FormDialog({ title, save, busy, blocked, error, onSave, onClose, children }: Props) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form onSubmit={submit}>
        <Stack>
          {children}
          {error != null && <Problem title="Could not save" error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={busy} disabled={blocked} data-testid="save">
              {save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
