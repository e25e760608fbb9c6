"""Every router of the application, in one list: what is not named here is not served."""

from fastapi import APIRouter

from web.api import (
    appeals,
    authors,
    cases,
    decisions,
    events,
    hooks,
    jobs,
    metrics,
    moderations,
    queue,
    search,
    statements,
    status,
)
from web.api import drafts as drafts_api
from web.api import policies as policies_api
from web.console import admin, case, charts, home, live, login, password, pictures, precedents, runs, settings
from web.console import appeals as appeals_page
from web.console import drafts as drafts_page
from web.console import policies as policies_page
from web.console import queue as queue_page
from web.console import search as search_page

API: tuple[APIRouter, ...] = (
    drafts_api.router, policies_api.router,
    status.router, moderations.router, cases.router, decisions.router, authors.router, queue.router, search.router,
    events.router, hooks.router, jobs.router, metrics.router, appeals.router, statements.router,
)  # fmt: skip
CONSOLE: tuple[APIRouter, ...] = (
    policies_page.router, drafts_page.router, runs.router,
    login.router, password.router, home.router, admin.router, charts.router, queue_page.router, live.router,
    pictures.router, case.router, search_page.router, settings.router, precedents.router, appeals_page.router,
)  # fmt: skip
