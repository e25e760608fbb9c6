"""Every router of the application, in one list: what is not named here is not served."""

from fastapi import APIRouter

from web.api import status
from web.console import home, login

API: tuple[APIRouter, ...] = (status.router,)
CONSOLE: tuple[APIRouter, ...] = (login.router, home.router)
