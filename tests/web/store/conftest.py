"""Fixtures for tests of what is stored."""

from tests.web.acting import decided, person

__all__ = ["decided", "person"]
