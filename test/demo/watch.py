"""What is in a recording: colours and tones at a time, by decoding it."""
import array
import json
import math
import subprocess

WIDTH, HEIGHT, RATE = 320, 180, 8000
COLOURS = {"red": (254, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 254), "yellow": (255, 255, 0)}


def probe(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path], check=True, capture_output=True).stdout
    info = json.loads(out)
    video = [s for s in info["streams"] if s["codec_type"] == "video"]
    audio = [s for s in info["streams"] if s["codec_type"] == "audio"]
    return {"duration_s": round(float(info["format"]["duration"]), 3), "has_video": bool(video), "has_audio": bool(audio),
            "width": video[0]["width"] if video else 0, "height": video[0]["height"] if video else 0}


class Recording:
    """Decoded once: small frames at 5 a second, sound at 8 kHz."""
    FPS = 5

    def __init__(self, path):
        raw = ["ffmpeg", "-v", "error", "-nostdin", "-i", path]
        self.frames = subprocess.run([*raw, "-vf", f"fps={self.FPS},scale={WIDTH}:{HEIGHT}", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
        self.sound = array.array("h", subprocess.run([*raw, "-vn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"], check=True, capture_output=True).stdout)

    def share(self, colour, second):
        """How much of the picture has that colour, 0 to 1."""
        size = WIDTH * HEIGHT * 3
        at = max(0, min(int(second * self.FPS), len(self.frames) // size - 1)) * size
        frame = self.frames[at:at + size]
        want = COLOURS[colour]
        step, near, seen = 3 * 7, 0, 0
        for i in range(0, size - 3, step):
            seen += 1
            near += all(abs(frame[i + k] - want[k]) < 70 for k in range(3))
        return near / seen

    def level(self, tone, second, length=0.5):
        """Strength of a tone, by Goertzel's algorithm; 1 is a full-scale sine."""
        part = self.sound[int(second * RATE):int((second + length) * RATE)]
        if not part:
            return 0.0
        w = 2 * math.pi * tone / RATE
        c, s1, s2 = 2 * math.cos(w), 0.0, 0.0
        for x in part:
            s1, s2 = x + c * s1 - s2, s1
        return math.sqrt(max(0.0, s1 * s1 + s2 * s2 - c * s1 * s2)) * 2 / len(part) / 32768
