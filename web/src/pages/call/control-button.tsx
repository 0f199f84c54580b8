import { ActionIcon, Indicator, Tooltip } from '@mantine/core';
import type { ComponentProps, ReactNode } from 'react';

type Passed = Omit<ComponentProps<'button'>, 'onClick' | 'disabled' | 'color' | 'style'>;

interface Props extends Passed {
  label: string;
  icon: ReactNode;
  testid: string;
  onClick?: () => void;
  /** Switched off: stands out, so that nobody speaks into a dead microphone. */
  off?: boolean;
  /** Switched on in a way worth seeing: hand up, panel open, sharing. */
  lit?: boolean;
  danger?: boolean;
  busy?: boolean;
  disabled?: boolean;
  /** A toggle tells its state; its label then names the thing, not the deed. */
  pressed?: boolean;
  badge?: number;
}

export function ControlButton({ label, icon, testid, onClick, off, lit, danger, busy, disabled, pressed, badge = 0, ...rest }: Props) {
  const color = danger || off ? 'red' : lit ? 'blue' : 'gray';
  return (
    <Tooltip label={label} withArrow>
      <Indicator label={badge > 99 ? '99+' : badge} size={18} disabled={badge === 0} offset={4}>
        <ActionIcon
          {...rest}
          size={46}
          radius="xl"
          variant={danger || lit ? 'filled' : 'light'}
          color={color}
          onClick={onClick}
          loading={busy}
          disabled={disabled}
          aria-label={badge ? `${label}, ${badge} new` : label}
          aria-pressed={pressed}
          data-testid={testid}
          data-on={off === undefined ? undefined : !off}
        >
          {icon}
        </ActionIcon>
      </Indicator>
    </Tooltip>
  );
}
