/* How good the line is, and what comes in, from the browser's statistics. */
import type { Downward } from './downward';
import type { Quality } from './messages';
import type { Upward } from './upward';

export interface LineSample {
  received: number;
  lost: number;
  sentLoss: number;
  rttMs: number;
}

/** Thresholds of call_quality in spec/states.def. */
export function judge(lossShare: number, rttMs: number): Quality {
  if (lossShare < 0.03 && rttMs < 250) return 'good';
  return lossShare < 0.1 && rttMs < 600 ? 'fair' : 'poor';
}

export function lossBetween(before: LineSample, now: LineSample): number {
  const received = Math.max(0, now.received - before.received);
  const lost = Math.max(0, now.lost - before.lost);
  const share = received + lost > 0 ? lost / (received + lost) : 0;
  return Math.max(share, now.sentLoss);
}

type Report = { type: string; [key: string]: unknown };

export async function sampleLine(up: Upward | null, down: Downward | null): Promise<LineSample> {
  const sample: LineSample = { received: 0, lost: 0, sentLoss: 0, rttMs: 0 };
  for (const pc of [up?.pc, down?.pc]) {
    if (pc) for (const report of await reports(pc)) addReport(sample, report);
  }
  return sample;
}

function addReport(sample: LineSample, report: Report): void {
  if (report.type === 'inbound-rtp') {
    sample.received += number(report.packetsReceived);
    sample.lost += number(report.packetsLost);
  } else if (report.type === 'remote-inbound-rtp') {
    sample.sentLoss = Math.max(sample.sentLoss, number(report.fractionLost));
    sample.rttMs = Math.max(sample.rttMs, number(report.roundTripTime) * 1000);
  } else if (report.type === 'candidate-pair' && report.nominated) {
    sample.rttMs = Math.max(sample.rttMs, number(report.currentRoundTripTime) * 1000);
  }
}

export interface InboundStats {
  connection: string;
  kind: string;
  framesDecoded: number;
  packetsReceived: number;
  bytesReceived: number;
}

/** What comes in, for each remote connection and kind. */
export async function inboundStats(down: Downward | null): Promise<InboundStats[]> {
  if (!down?.pc) return [];
  const found: InboundStats[] = [];
  for (const report of await reports(down.pc)) {
    const owner = report.type === 'inbound-rtp' ? down.owner(String(report.mid)) : undefined;
    if (!owner?.connection || !owner.kind) continue;
    found.push({
      connection: owner.connection,
      kind: owner.kind,
      framesDecoded: number(report.framesDecoded),
      packetsReceived: number(report.packetsReceived),
      bytesReceived: number(report.bytesReceived),
    });
  }
  return found;
}

/** Loudness of one's own voice, 0 to 1. */
export async function ownLevel(up: Upward | null): Promise<number> {
  if (!up) return 0;
  const source = (await reports(up.pc)).find((report) => report.type === 'media-source' && report.kind === 'audio');
  return number(source?.audioLevel);
}

async function reports(pc: RTCPeerConnection): Promise<Report[]> {
  const found: Report[] = [];
  (await pc.getStats()).forEach((report: Report) => found.push(report));
  return found;
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
