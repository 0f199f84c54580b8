/* ICE candidates come before the description that they belong to: they are kept until then. */
export type Candidate = RTCIceCandidateInit | null;

export class CandidateQueue {
  private waiting: Candidate[] = [];

  async add(pc: RTCPeerConnection | null, candidate: unknown): Promise<void> {
    const one = normalise(candidate);
    if (!pc?.remoteDescription) this.waiting.push(one);
    else await apply(pc, one);
  }

  async flush(pc: RTCPeerConnection): Promise<void> {
    for (const one of this.waiting.splice(0)) await apply(pc, one);
  }

  clear(): void {
    this.waiting = [];
  }
}

function normalise(candidate: unknown): Candidate {
  const init = candidate as (RTCIceCandidateInit & { completed?: boolean }) | null | undefined;
  return !init || init.completed ? null : init;
}

async function apply(pc: RTCPeerConnection, candidate: Candidate): Promise<void> {
  try {
    await pc.addIceCandidate(candidate ?? undefined);
  } catch {
    // A doubled or outdated candidate: the others do.
  }
}
