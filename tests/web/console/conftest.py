"""Fixtures for tests of pages."""

from tests.web.acting import decided, person

__all__ = ["decided", "person"]
