"""How a fault reads."""

from policy_store.fault import Fault, PackError, nearest, suggest


def fault(line: int, column: int, source: str = "", problem: str = "wrong") -> Fault:
    return Fault(
        file="a.yaml", line=line, column=column, where="", value="", problem=problem, hint="mend it", source=source
    )


def test_the_caret_stands_under_the_column() -> None:
    assert str(fault(3, 6, "band: 12")) == "a.yaml:3:6: wrong\n    band: 12\n         ^\n    hint: mend it"


def test_the_caret_counts_wide_characters_and_tabs() -> None:
    caret = str(fault(1, 5, "\t火🔥: 12")).splitlines()[2]
    assert caret == "    \t     ^"


def test_a_long_line_is_cut_around_the_caret() -> None:
    line = "x" * 300 + "HERE" + "y" * 300
    shown, caret = str(fault(1, 301, line)).splitlines()[1:3]
    assert len(shown) < 120
    assert shown[caret.index("^") :].startswith("HERE")


def test_a_fault_of_a_whole_file_shows_no_line() -> None:
    assert str(fault(0, 0)) == "a.yaml: wrong\n    hint: mend it"


def test_faults_come_in_file_order_and_once() -> None:
    error = PackError([fault(9, 1), fault(2, 5), fault(9, 1), fault(2, 1)])
    assert [(f.line, f.column) for f in error.faults] == [(2, 1), (2, 5), (9, 1)]
    assert str(error).count("wrong") == 3


def test_the_nearest_name_is_found_in_any_case() -> None:
    assert nearest("hr2", ["HR1x", "HR2", "SC4"]) == "HR2"
    assert nearest("zzz", ["HR1", "HR2"]) is None


def test_without_a_near_name_the_known_ones_are_listed_in_natural_order() -> None:
    assert suggest("zzz", ["HR10", "HR2", "HR1"], "rules") == "known rules: HR1, HR2, HR10"
    assert len(suggest("zzz", [f"A{i}" for i in range(200)], "rules")) < 120
    assert suggest("zzz", [], "attributes") == "there are no attributes here"
