from collections.abc import Callable

from fastapi.testclient import TestClient

from cases.intake import case_from_text
from tests.web.api.conftest import THREAT, picture
from web.office import Office
from web.work.tally import QUEUES


def read(client: TestClient) -> dict[str, float]:
    from prometheus_client.parser import text_string_to_metric_families

    answer = client.get("/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = list(text_string_to_metric_families(answer.text))
    return {f"{s.name}{sorted(s.labels.items())}": s.value for f in families for s in f.samples}


def test_a_decision_is_counted_once_with_its_outcome_and_its_time(
    with_key: Callable[..., TestClient], office: Office
) -> None:
    reader = with_key("metrics")
    name = f"precept_decisions_total{[('automation', 'full'), ('outcome', 'act'), ('policy', office.pack.id)]}"
    before = read(reader)
    made = office.desks.live.decide(case_from_text(THREAT, "counted"))
    after = read(reader)
    assert after[name] == before.get(name, 0) + 1
    seconds = f"precept_decision_duration_seconds_count{[('stage', made.stage)]}"
    assert after[seconds] == before.get(seconds, 0) + 1
    assert read(reader)[name] == after[name]


def test_the_queue_and_the_policy_are_told_as_they_stand(with_key: Callable[..., TestClient], office: Office) -> None:
    parts = [{"type": "image_url", "image_url": {"url": picture(77)}}]
    with_key("moderate").post("/v1/moderations", json={"input": parts})
    found = read(with_key("metrics"))
    assert found[f"precept_queue_jobs{[('queue', 'waiting')]}"] >= 1
    assert found[f"precept_queue_oldest_job_age_seconds{[('queue', 'waiting')]}"] > 0
    assert {f"precept_queue_jobs{[('queue', q)]}" for q in QUEUES} <= set(found)
    pack = office.pack
    labels = [("digest", pack.digest), ("policy", pack.id), ("version", pack.version)]
    assert found[f"precept_policy_info{labels}"] == 1
    assert 0 <= found["precept_overturn_ratio[]"] <= 1


def test_no_label_names_a_case_a_person_or_a_key(with_key: Callable[..., TestClient], office: Office) -> None:
    made = office.desks.live.decide(case_from_text(THREAT, "unnamed-case"))
    text = with_key("metrics").get("/metrics").text
    assert made.id not in text and "unnamed-case" not in text and "pk-" not in text


def test_metrics_need_their_permission(client: TestClient, with_key: Callable[..., TestClient]) -> None:
    assert client.get("/metrics").status_code == 401
    assert with_key("moderate").get("/metrics").status_code == 403
