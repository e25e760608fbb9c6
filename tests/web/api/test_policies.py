"""/v1/policies for programs: lint, diff, drafts, impact as a job, publishing by people alone, limits that answer."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cases.case import Case, Part
from policy_store.checked import MOST_EXAMPLES
from policy_store.loader import SHELF
from web.office import Office

THREAT = "I know where you live, Olaf, and I will come to your house tonight and break your legs with a bat."
WithKey = Callable[..., TestClient]


@pytest.fixture
def program(with_key: WithKey) -> TestClient:
    return with_key("policies")


def shipped() -> dict[str, str]:
    folder = SHELF / "community"
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.yaml")}


def begun(program: TestClient) -> dict[str, Any]:
    answer = program.post("/v1/policies/drafts", json={"policy": "community", "about": "a trial"})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["draft"]
    return found


def error(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"]["code"]


def test_packs_are_listed_and_read_with_their_rules(program: TestClient) -> None:
    listed = program.get("/v1/policies").json()
    assert listed[0]["id"] == "community" and listed[0]["served"]
    assert len(program.get("/v1/policies/community@shipped").json()["rules"]) == 42
    assert program.get("/v1/policies/community/rules/HR2").json()["id"] == "HR2"
    assert error(program.get("/v1/policies/nothing")) == (404, "unknown_policy")


@pytest.mark.parametrize("ref", ["..", "%2e%2e", "community@..%2f..", "%2fetc"])
def test_no_reference_leads_out_of_the_home(program: TestClient, ref: str) -> None:
    assert program.get(f"/v1/policies/{ref}").status_code == 404


def test_a_lint_names_file_line_column_and_hint(program: TestClient) -> None:
    files = shipped()
    assert program.post("/v1/policies/lint", json={"files": files}).json()["pack"]["id"] == "community"
    files["rules/HR.yaml"] = files["rules/HR.yaml"].replace("scene: HR", "scene: HRX", 1)
    told = program.post("/v1/policies/lint", json={"files": files}).json()
    assert told["pack"] is None
    (fault,) = told["faults"]
    assert (fault["file"], fault["line"], fault["column"], fault["hint"]) == (
        "rules/HR.yaml",
        2,
        10,
        "did you mean 'HR'?",
    )


def test_ten_thousand_lines_are_linted_or_refused_with_the_field_and_never_hang(program: TestClient) -> None:
    files = shipped()
    rule = files["rules/HR.yaml"].split("- id: HR2\n", 1)[0]
    files["rules/LONG.yaml"] = "".join(rule.replace("HR1", f"HR1{n:03}") for n in range(190))
    assert files["rules/LONG.yaml"].count("\n") > 10_000
    told = program.post("/v1/policies/lint", json={"files": files})
    assert told.status_code == 200 and told.json()["rules"] == 232, told.text[:300]
    many = "".join(f"      - {{id: HR1.v{n}, text: 'text {n}', severity: 20}}\n" for n in range(10, 10_010))
    files = shipped()
    files["rules/HR.yaml"] = files["rules/HR.yaml"].replace("    violating:\n", f"    violating:\n{many}", 1)
    refused = program.post("/v1/policies/lint", json={"files": files})
    assert error(refused) == (422, "too_large") and f"{MOST_EXAMPLES} at most" in refused.text
    deep = program.post("/v1/policies/lint", json={"files": {"policy.yaml": "[" * 10_000}})
    assert deep.status_code == 200 and "nest more than" in deep.json()["faults"][0]["problem"]


@pytest.mark.parametrize(
    "files", [{"../x.yaml": "a"}, {"rules/a/b.yaml": "a"}, {f"rules/R{n}.yaml": "" for n in range(65)}]
)
def test_files_that_are_none_of_a_pack_are_refused(program: TestClient, files: dict[str, str]) -> None:
    assert program.post("/v1/policies/lint", json={"files": files}).status_code == 422


def test_a_draft_is_written_over_its_version_and_a_stale_write_is_refused(program: TestClient) -> None:
    draft = begun(program)
    place = f"/v1/policies/drafts/{draft['id']}"
    answer = program.put(place, json={"version": 1, "files": {"CHANGES.md": "# 1.0.1\n"}})
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"2"', 2)
    assert error(program.put(place, json={"version": 1, "files": {"CHANGES.md": "mine"}})) == (409, "stale_version")
    assert program.get(place).json()["files"]["CHANGES.md"] == "# 1.0.1\n"
    assert program.get(place).json()["authors"] == []
    assert error(program.get("/v1/policies/drafts/p-000000000000")) == (404, "unknown_draft")


def test_a_program_may_write_and_submit_but_never_publish(program: TestClient) -> None:
    draft = begun(program)
    place = f"/v1/policies/drafts/{draft['id']}"
    text = draft["files"]["rules/HR.yaml"].replace("Insults, humiliates", "Insults, mocks", 1)
    program.put(place, json={"version": 1, "files": {"rules/HR.yaml": text}})
    diff = program.get("/v1/policies/diff", params={"old": "community", "new": draft["id"]}).json()
    assert [r["rule_id"] for r in diff["changed"]] == ["HR1"]
    assert program.post(f"{place}/submit", json={"version": 2, "reason": "clearer"}).json()["state"] == "in_review"
    assert error(program.post(f"{place}/publish", json={"version": 3, "reason": "x"})) == (403, "not_permitted")


def test_an_impact_is_a_job_and_texts_are_kept_from_who_may_not_read_cases(
    program: TestClient, with_key: WithKey, office: Office
) -> None:
    made = office.desks.live.decide(Case(id="api-flip", parts=(Part(id="text", kind="text", text=THREAT),)))
    draft = begun(program)
    head, tail = draft["files"]["rules/HR.yaml"].split("- id: HR2\n", 1)
    files = {"rules/HR.yaml": f"{head}- id: HR2\n  status: retired\n{tail}"}
    program.put(f"/v1/policies/drafts/{draft['id']}", json={"version": 1, "files": files})
    body = {"old": "community", "new": draft["id"], "query": "case:api-flip"}
    job = program.post("/v1/policies/impact", json=body)
    assert job.status_code == 202, job.text
    place = f"/v1/policies/impact/{job.json()['id']}"
    for _ in range(600):
        told = program.get(place).json()
        if told["job"]["state"] not in ("queued", "running"):
            break
        time.sleep(0.1)
    assert told["job"]["state"] == "done", told
    (flip,) = told["report"]["flips"]
    assert (flip["decision_id"], flip["text"], flip["old"]["rule"], flip["old"]["rationale"]) == (
        made.id,
        "",
        "HR2",
        "",
    )
    assert THREAT[:30] not in program.get(f"/v1/jobs/{job.json()['id']}").text
    assert told["judgement"]["judged"] is None
    marked = program.put(f"{place}/flips/{made.id}", json={"right": "new"}).json()
    assert marked["buckets"] == {made.id: "fixed"} and marked["judged"]["p"] == 1.0
    assert "break your legs" in with_key("read", "policies").get(place).text


def test_what_an_impact_cannot_do_is_said_at_once(program: TestClient) -> None:
    body = {"old": "community", "new": "community"}
    assert error(program.post("/v1/policies/impact", json=body)) == (422, "nothing_changed")
    assert error(program.post("/v1/policies/impact", json={"old": "community", "new": "p-1"})) == (
        404,
        "unknown_policy",
    )


def test_an_export_comes_with_what_it_cannot_hold(program: TestClient) -> None:
    told = program.get("/v1/policies/community/export", params={"format": "cope", "rule": "HR2"}).json()
    assert "### (HR2)" in told["text"] and any("examples" in note for note in told["notes"])
    assert program.get("/v1/policies/community/export", params={"format": "word"}).status_code == 422


def test_policies_are_not_for_keys_without_the_scope(with_key: WithKey) -> None:
    assert with_key("moderate").get("/v1/policies").status_code == 403
    assert with_key("read").get("/v1/policies").status_code == 200
    assert with_key("read").post("/v1/policies/drafts", json={"policy": "community"}).status_code == 403


def test_a_shadow_is_started_read_and_stopped(program: TestClient) -> None:
    draft = begun(program)
    place = f"/v1/policies/drafts/{draft['id']}/shadow"
    assert error(program.get(place)) == (404, "unknown_shadow")
    assert program.post(place).json()["state"] == "running"
    assert error(program.post(place)) == (409, "running")
    assert (program.delete(place).json()["state"], program.get(place).json()["seen"]) == ("stopped", 0)
    assert error(program.delete(place)) == (404, "unknown_shadow")


def test_a_person_puts_an_earlier_version_in_force_with_a_reason(signed_in: WithKey, office: Office) -> None:
    person = signed_in("author")
    body = {"policy": "community", "version": "9.9.9", "reason": "to try"}
    assert error(person.post("/v1/policies/roll-back", json=body)) == (404, "unknown_policy")
    done = person.post("/v1/policies/roll-back", json=body | {"version": "shipped"})
    assert done.json()["policy"]["digest"] == office.pack.digest


def test_the_description_of_the_api_holds_every_route_of_policies(client: TestClient) -> None:
    paths = client.get("/v1/openapi.json").json()["paths"]
    assert {
        "/v1/policies",
        "/v1/policies/lint",
        "/v1/policies/impact",
        "/v1/policies/drafts/{draft_id}/publish",
    } <= set(paths)
