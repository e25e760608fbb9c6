"""A changed prompt is a changed model: it shows here, so that nobody changes one by the way."""

import hashlib

from inline_snapshot import snapshot

from agents.prompt import FOLDER


def test_no_prompt_changes_unseen() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in sorted(FOLDER.iterdir())}
    assert found == snapshot(
        {
            "appeal_changed.txt": "342a3c232536",
            "appeal_context.txt": "631ae79a3449",
            "appeal_kept.txt": "2145841d569f",
            "appeal_overturned.txt": "c4ab896f4e92",
            "appeal_redress.txt": "1c19ce66ddbe",
            "appeal_restricted.txt": "f7ca18a94e66",
            "appeal_upheld.txt": "7c4179bedb7b",
            "ask_cannot.txt": "f41b963fde1e",
            "ask_case.txt": "f7517cdacdea",
            "ask_repair.txt": "6f02526ddbc7",
            "ask_system.txt": "043b03aa0074",
            "ask_unknown.txt": "270129a57d9a",
            "critic_case.txt": "87f5b0441249",
            "critic_seen.txt": "87e16996af12",
            "critic_system.txt": "d7683f683dd6",
            "guard_llama.txt": "a8b319b12f9e",
            "guard_safeguard.txt": "4c3f0f6cfbf6",
            "guard_safeguard_case.txt": "30ce693fc898",
            "guard_shieldgemma.txt": "fc3495f86e33",
            "guard_singguard.txt": "803d775e34d4",
            "guard_singguard_case.txt": "9d0c6b6f098e",
            "judge_chain.txt": "a1e85f9b8288",
            "judge_system.txt": "692da115d5a7",
            "notice_act.txt": "6d87f104a1e8",
            "notice_allow.txt": "527aa60c1280",
            "notice_lifted.txt": "13906c7c701a",
            "notice_redress.txt": "b362c546b383",
            "notice_review.txt": "b8e7b9d3d806",
            "notice_support.txt": "2245ed566353",
            "picture_term.txt": "1d9d89600d40",
            "picture_unseen.txt": "3e48673cdbcf",
            "picture_value.txt": "5461596333f2",
            "pictures_note.txt": "a993527b3128",
            "plain_case.txt": "497e8613882d",
            "plain_notice.txt": "970348c2656d",
            "plain_repair.txt": "3162068e2d78",
            "plain_system.txt": "2583fe25bbf6",
            "public_act.txt": "845e6bae0522",
            "public_allow.txt": "6da31215e5f4",
            "public_review.txt": "148599c37515",
            "public_seen.txt": "6ac51ac3f56b",
            "public_support.txt": "333d03cdf3a2",
            "rank_case.txt": "c2df4d73673f",
            "rank_defined.txt": "30b1d262a697",
            "rank_next.txt": "c237d30d60f8",
            "rank_system.txt": "07e7ca824b90",
            "reason_case.txt": "ea6a2f9edc78",
            "reason_first.txt": "cf85efd0d7eb",
            "reason_fixes.txt": "4471e7b41d96",
            "reason_full.txt": "ae098d449120",
            "reason_none.txt": "c6f6597a62a2",
            "reason_repair.txt": "3ce574d0710d",
            "reason_seen.txt": "0a61177a35dd",
            "reason_short.txt": "aad695c4f203",
            "reason_system.txt": "43a0f9301187",
        }
    )
