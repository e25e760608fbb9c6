"""The sound track and the subtitle streams of a file, inside the sandbox. tools.video and tools.subtitles ask for them.

Not for the calling process, and no transcript: sound comes as samples, subtitles as they stand in the file.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO

from tools.container import MAX_BROKEN, Clock, claimed, decoded, described, entered, number, only, packets, peak
from tools.inside import Answer, Plain, Refused

RATE = 16_000
MAX_CUES = 5_000
MAX_CUE = 2_000
CANCELLED = 0.05  # of the louder channel's power, below which two channels cancel each other out


def sound(source: BinaryIO, asked: Mapping[str, Plain]) -> Answer:
    """Return the first sound track as float32 at RATE, one channel, at most `most` seconds of it.

    Where the channels cancel each other out the louder one is kept: a listener hears it. Asked: most, seconds, cpu.
    """
    import av
    import numpy as np

    clock, most = Clock(asked), int(number(asked, "most") * RATE)
    pieces: list[Any] = []
    blocks: list[Any] = []
    got = broken = 0
    cut = False
    with entered(source) as container:
        tracks = list(container.streams.audio)
        known = [track for track in tracks if track.codec_context is not None]
        says = claimed(container, tracks[0]) if tracks else 0.0
        if tracks and not known:
            raise Refused("unknown_format", "no decoder knows its sound; give it as AAC, MP3, Opus or FLAC")
        resampler: Any = None
        form: object = None
        only(container, known[:1])
        for frame in decoded(container, known[0], clock) if known else ():
            if frame is None:
                broken += 1
                continue
            if not 1_000 <= frame.sample_rate <= 768_000 or not 1 <= frame.layout.nb_channels <= 32:
                raise Refused("unknown_format", f"its sound has {frame.sample_rate} samples a second; give 8-96 kHz")
            if form != (frame.sample_rate, frame.layout.name, frame.format.name):
                if blocks:
                    pieces.append(_mono(blocks)[: most - got])
                    got += len(pieces[-1])
                    blocks.clear()
                form = (frame.sample_rate, frame.layout.name, frame.format.name)
                resampler = av.AudioResampler("fltp", frame.layout, RATE)
            frame.pts = None  # the samples count, not what the file says of their time
            blocks += [np.asarray(block.to_ndarray()) for block in resampler.resample(frame)]
            if sum(block.shape[1] for block in blocks) >= RATE // 2:
                pieces.append(_mono(blocks)[: most - got])
                got += len(pieces[-1])
                blocks.clear()
                if cut := got >= most:
                    break
        if resampler is not None and not cut:
            blocks += [np.asarray(block.to_ndarray()) for block in resampler.resample(None)]
            pieces.append(_mono(blocks)[: most - got])
        value: dict[str, Plain] = {
            "tracks": len(tracks), "claimed": says, "cut": cut, "late": clock.out and not cut, "broken": broken,
            "streams": described(container), "peak": peak(),
        }  # fmt: skip
    return Answer(value, [np.concatenate(pieces).tobytes() if pieces else b""])


def subtitles(source: BinaryIO, asked: Mapping[str, Plain]) -> Answer:
    """Return the cues of all text subtitle streams as [stream, start, end, text], and what could not be read.

    Asked: seconds, cpu.
    """
    import av

    clock = Clock(asked)
    cues: list[Plain] = []
    full, broken = False, 0
    drawn: set[str] = set()
    with entered(source) as container:
        streams = list(container.streams.subtitles)
        known = [stream for stream in streams if stream.codec_context is not None]
        zero = max(0.0, (container.start_time or 0) / 1_000_000)
        only(container, known)
        for packet in packets(container, known) if known else ():
            if clock.out or len(cues) >= MAX_CUES or broken > MAX_BROKEN:
                full = True
                break
            try:
                rects = list(packet.decode() or ()) if packet.size else []
            except MemoryError:
                raise
            except (av.error.FFmpegError, ValueError, EOFError):
                broken += 1
                continue
            if any(rect.type == b"bitmap" for rect in rects):
                drawn.add(str(packet.stream.codec_context.name))
            said = [_said(rect) for rect in rects if rect.type != b"bitmap"]
            text = "\n".join(line for line in said if line)
            if not text.strip():
                continue
            start = None if packet.pts is None else float(packet.pts * packet.time_base) - zero
            lasts = float(packet.duration * packet.time_base) if packet.duration else None
            cues.append([packet.stream.index, start, None if start is None or lasts is None else start + lasts, text])
        value: dict[str, Plain] = {
            "cues": cues, "streams": len(streams), "unknown": len(streams) - len(known), "drawn": sorted(drawn),
            "full": full, "broken": broken, "late": clock.out, "peak": peak(),
        }  # fmt: skip
    return Answer(value)


def _mono(blocks: list[Any]) -> Any:
    """Return blocks of [channels, samples] as one channel in [-1, 1], float32."""
    import numpy as np

    if not blocks:
        return np.zeros(0, np.float32)
    planes = np.nan_to_num(np.concatenate(blocks, axis=1), nan=0.0, posinf=0.0, neginf=0.0)
    mean = planes.mean(axis=0)
    power = np.square(planes, dtype=np.float64).mean(axis=1)
    loud = int(power.argmax())
    kept = planes[loud] if np.square(mean, dtype=np.float64).mean() < CANCELLED * power[loud] else mean
    return np.clip(kept, -1.0, 1.0).astype(np.float32)


def _said(rect: Any) -> str:
    words: bytes = rect.dialogue or rect.text or b""
    return words[:MAX_CUE].decode("utf-8", "replace").replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
