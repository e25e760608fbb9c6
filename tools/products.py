"""How many threads the matrix products of a process use. Not the encoder's threads: tools.encoder has its own."""

from functools import cache

from threadpoolctl import threadpool_limits


@cache
def one_thread() -> None:
    """Let each matrix product of this process use one thread, from now on.

    The products of a case are small, and cases run side by side: products that each want every core wait for one
    another, which took ten times as long where the cores had other work.
    """
    threadpool_limits(1, user_api="blas")
