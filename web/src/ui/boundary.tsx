import { Button, Center, Stack, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';

/** A fault in drawing one part must not take the rest (a running call) with it. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Center mih={200} p="md">
        <Stack align="center" role="alert">
          <Text>Something went wrong in this part of the page.</Text>
          <Button onClick={() => this.setState({ failed: false })}>Show it again</Button>
        </Stack>
      </Center>
    );
  }
}
