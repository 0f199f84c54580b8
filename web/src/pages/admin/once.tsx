/* A secret that is shown this once. */
import { Alert, Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { Copy } from '../../ui/parts';
import { WarnIcon } from '../../ui/icons';

interface Props {
  title: string;
  warning: string;
  secrets: { label: string; value: string; testid: string }[];
  onClose(): void;
}

export function ShownOnce({ title, warning, secrets, onClose }: Props) {
  return (
    <Modal opened onClose={onClose} title={title} size="lg" closeOnClickOutside={false}>
      <Stack>
        <Alert color="blue" title="Shown only now" icon={<WarnIcon size={18} aria-hidden />}>
          {warning}
        </Alert>
        {secrets.map(({ label, value, testid }) => (
          <TextInput
            key={testid}
            label={label}
            value={value}
            readOnly
            onFocus={(event) => event.target.select()}
            rightSection={<Copy value={value} label={`Copy: ${label}`} />}
            data-testid={testid}
          />
        ))}
        <Group justify="flex-end">
          <Button onClick={onClose} data-testid="done">
            Done
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
