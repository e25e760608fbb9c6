"""Fixtures for tests of acts."""

from tests.web.acting import decided, person

__all__ = ["decided", "person"]
