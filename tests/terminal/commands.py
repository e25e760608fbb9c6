"""What the tests of the commands share: two glaring texts, and the types of their fixtures."""

import subprocess
from collections.abc import Callable

from typer.testing import Result

THREAT = "Keep talking, Dana. I know which bus you take home and I will be there tonight to break your legs."
CAKE = "My grandmother's lemon cake: four eggs, some flour, sugar, and forty minutes in the oven."

Invoke = Callable[..., Result]
Spawn = Callable[..., subprocess.Popen[str]]
