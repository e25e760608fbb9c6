"""What an author reads when a file does not fit its model."""

from inline_snapshot import snapshot


def test_an_unknown_field_names_the_nearest(folder) -> None:
    folder.rules("  statement: Insults", "  statment: Insults")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:1:3: HR1 has no 'statement'
    - id: HR1
      ^
    hint: say in one sentence what violates: `statement: Threatens a person with harm.`

shop/rules/HR.yaml:4:3: unknown field 'statment'
      statment: Insults or humiliates a person.
      ^
    hint: did you mean 'statement'?\
""")


def test_an_unknown_field_far_from_all_lists_the_fields(folder) -> None:
    folder.rules("band: {low: 5, high: 55}", "band: {low: 5, high: 55, colour: red}")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:15:28: unknown field 'colour'
      band: {low: 5, high: 55, colour: red}
                               ^
    hint: known fields: high, low\
""")


def test_a_comma_that_ends_a_text_inside_braces_is_recognised(folder) -> None:
    folder.head("why: A threat is worse than an insult.", "why: A threat is worse, an insult is not.")
    assert folder.complaint() == snapshot("""\
shop/policy.yaml:16:58: unknown field 'an insult is not.'
      - {winner: HR2, losers: [HR1], why: A threat is worse, an insult is not.}
                                                             ^
    hint: between { and } a comma ends a text: put the whole text in quotes\
""")


def test_a_missing_field_says_what_to_add(folder) -> None:
    folder.rules("  band: {low: 5, high: 55}\n", "")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:1:3: HR1 has no 'band'
    - id: HR1
      ^
    hint: add the severity range: `band: {low: 40, high: 80}`\
""")


def test_a_rule_without_examples_of_a_side_is_refused(folder) -> None:
    folder.rules("    violating:\n      - {id: HR1.v1, text: You are a useless clown, severity: 20}\n", "")
    folder.rules("      - {id: HR2.n1, text: my mum will kill me, exception: X-FIGURE}\n", "")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:11:5: HR1 > examples has no 'violating'
        allowed:
        ^
    hint: add a text that breaks the rule: `- {id: <RULE>.v1, text: '…', severity: 60}`

shop/rules/HR.yaml:30:5: 'allowed' has no value
        allowed:
        ^
    hint: add a near text that does not break the rule: `- {id: <RULE>.n1, text: '…'}`\
""")
    folder.rules("    allowed:\n  band", "    allowed: []\n  band")
    assert "'allowed' holds 0; 1 at least" in folder.complaint()


def test_a_wrong_choice_names_the_nearest_or_all(folder) -> None:
    folder.rules("  scene: HR\n  type: Insult", "  scene: HR\n  status: activ\n  type: Insult")
    folder.rules("  scene: HR\n  type: Threat", "  scene: HR\n  modalities: [text, smell]\n  type: Threat")
    folder.rules("openai: [harassment]", "openai: [harrasment]")
    folder.rules(
        "mlcommons: [vcr]\n    dsa: {category: STATEMENT_CATEGORY_CYBER_VIOLENCE}", "dsa: {category: CYBER_VIOLENCE}"
    )
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:3:11: 'activ' is not a value of 'status'
      status: activ
              ^
    hint: did you mean 'active'?

shop/rules/HR.yaml:20:14: 'harrasment' is not a value of 'openai'
        openai: [harrasment]
                 ^
    hint: did you mean 'harassment'?

shop/rules/HR.yaml:24:22: 'smell' is not a value of 'modalities'
      modalities: [text, smell]
                         ^
    hint: known values: audio, image, text, video

shop/rules/HR.yaml:41:21: 'CYBER_VIOLENCE' is not a value of 'category'
        dsa: {category: CYBER_VIOLENCE}
                        ^
    hint: did you mean 'STATEMENT_CATEGORY_CYBER_VIOLENCE'?\
""")


def test_a_wrong_type_says_what_is_wanted(folder) -> None:
    folder.head("version: 1.0.0", "version: 1.0")
    folder.head("scenes:\n  - {id: HR, name: Harassment}", "scenes: HR")
    folder.head("low: 50", "low: fifty")
    folder.rules("keywords: [useless clown]", "keywords: useless clown")
    folder.rules("severity: 80, golden: true", "severity: 180, golden: maybe")
    folder.rules("band: {low: 60, high: 100}", "band: 60-100")
    folder.rules("statement: Threatens a person with harm.", "statement:")
    assert folder.complaint() == snapshot("""\
shop/policy.yaml:2:10: 'version' must be text, not 1.0
    version: 1.0
             ^
    hint: put it in quotes: "1.0"

shop/policy.yaml:4:9: 'scenes' must be a list, not 'HR'
    scenes: HR
            ^
    hint: write `[a, b]`, or one entry a line, each after '- '

shop/policy.yaml:10:21: 'low' must be a whole number, not 'fifty'
      - {id: high, low: fifty, action: remove}
                        ^
    hint: write a number, without quotes

shop/rules/HR.yaml:17:13: 'keywords' must be a list, not 'useless clown'
      keywords: useless clown
                ^
    hint: write `[a, b]`, or one entry a line, each after '- '

shop/rules/HR.yaml:24:3: 'statement' has no value
      statement:
      ^
    hint: say in one sentence what violates: `statement: Threatens a person with harm.`

shop/rules/HR.yaml:31:55: 'severity' must be at most 100, not 180
          - {id: HR2.v1, text: I will hurt you, severity: 180, golden: maybe}
                                                          ^
    hint: choose a number inside the range

shop/rules/HR.yaml:31:68: 'golden' must be true or false, not 'maybe'
          - {id: HR2.v1, text: I will hurt you, severity: 180, golden: maybe}
                                                                       ^
    hint: write true or false, without quotes

shop/rules/HR.yaml:34:9: 'band' must be a mapping of fields, not '60-100'
      band: 60-100
            ^
    hint: write `{field: value}`, or one `field: value` a line\
""")


def test_an_id_that_cannot_be_cited_is_refused(folder) -> None:
    folder.head("id: shop", "id: Shop One")
    folder.rules("- id: HR1\n", "- id: hr1\n")
    assert folder.complaint() == snapshot("""\
shop/policy.yaml:1:5: 'Shop One' is not a valid id
    id: Shop One
        ^
    hint: start with a small letter, then small letters, digits and dashes

shop/rules/HR.yaml:1:7: 'hr1' is not a valid id
    - id: hr1
          ^
    hint: start with a capital letter, then capital letters, digits and dashes, as 'HR1'\
""")


def test_a_band_upside_down_is_refused(folder) -> None:
    folder.rules("{low: 5, high: 55}", "{low: 55, high: 5}")
    assert folder.complaint() == snapshot("""\
shop/rules/HR.yaml:15:9: band low 55 is above high 5
      band: {low: 55, high: 5}
            ^
    hint: swap them\
""")


def test_a_dimension_needs_five_levels(folder) -> None:
    folder.edit("rubric.yaml", "distress, injury, death", "distress")
    assert folder.complaint() == snapshot("""\
shop/rubric.yaml:2:49: dimensions > harm > levels has no entry 4
      - {id: harm, name: Harm, weight: 1.0, levels: [nothing, a nuisance, distress]}
                                                    ^
    hint: five anchor texts, for level 0 to level 4

shop/rubric.yaml:2:49: dimensions > harm > levels has no entry 5
      - {id: harm, name: Harm, weight: 1.0, levels: [nothing, a nuisance, distress]}
                                                    ^
    hint: five anchor texts, for level 0 to level 4\
""")


def test_a_faulty_rule_does_not_put_blame_on_what_refers_to_it(folder) -> None:
    folder.rules("  type: Threat\n", "")
    assert folder.complaint().count("hint:") == 1
