"""The tesseract program as a reader of lines. No library of ours: it is started for each picture, with a time limit."""

import os
import shutil
import subprocess
from functools import cached_property

from tools.lines import LEAST_CONFIDENCE, Line, Unreadable
from tools.pictures import Pixels

SECONDS = 60.0


class TesseractReader:
    """The tesseract program, where it is installed; it reads printed lines on plain ground well, memes badly."""

    name = "tesseract"

    def __init__(self, program: str = "tesseract", language: str = "eng") -> None:
        self.program, self.language = program, language

    @cached_property
    def version(self) -> str:
        """Return the version of the program, "" where it is missing."""
        program = shutil.which(self.program)
        if program is None:
            return ""
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=SECONDS)
        return (said.stdout or said.stderr).split("\n")[0].removeprefix("tesseract").strip()

    def lines(self, pixels: Pixels) -> list[Line]:
        """Return the lines that Tesseract reads, in sparse mode: text may stand anywhere."""
        program = shutil.which(self.program)
        if program is None:
            fix = "apt-get install tesseract-ocr, or set PRECEPT_OCR=rapidocr"
            told = f"the program {self.program!r} is not installed: {fix}"
            raise Unreadable("no_tool", told)
        height, width = pixels.shape[:2]
        picture = b"P6 %d %d 255\n" % (width, height) + pixels.tobytes()
        command = [program, "stdin", "stdout", "-l", self.language, "--psm", "11", "tsv"]
        env = {"OMP_THREAD_LIMIT": "1"}
        if "TESSDATA_PREFIX" in os.environ:
            env["TESSDATA_PREFIX"] = os.environ["TESSDATA_PREFIX"]
        try:
            said = subprocess.run(command, input=picture, capture_output=True, timeout=SECONDS, env=env)
        except subprocess.TimeoutExpired:
            raise Unreadable("out_of_time", f"tesseract took more than {SECONDS:g} s") from None
        except OSError as error:
            raise Unreadable("no_tool", f"tesseract cannot be started ({error.strerror})") from None
        if said.returncode:
            raise Unreadable("unreadable", f"tesseract ended with exit code {said.returncode}")
        return _lines(said.stdout.decode("utf-8", "replace"))


def _lines(table: str) -> list[Line]:
    """Return the words of Tesseract's table gathered to its lines; a line's confidence is the mean of its words'."""
    gathered: dict[tuple[str, ...], list[Line]] = {}
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) == 12 and cells[0] == "5" and cells[11].strip():
            left, top, width, height = map(float, cells[6:10])
            word = Line(cells[11].strip(), float(cells[10]) / 100, left, top, left + width, top + height)
            gathered.setdefault(tuple(cells[1:5]), []).append(word)
    lines = [
        Line(
            " ".join(word.text for word in words), sum(word.confidence for word in words) / len(words),
            min(word.left for word in words), min(word.top for word in words),
            max(word.right for word in words), max(word.bottom for word in words),
        )
        for words in gathered.values()
    ]  # fmt: skip
    return [line for line in lines if line.confidence >= LEAST_CONFIDENCE]
