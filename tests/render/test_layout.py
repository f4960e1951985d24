"""Layout for terminals of any width: nothing too long, no word broken, nothing lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.layout import columns, fit, pack, split, table, wrap

WORDS = st.text(alphabet="abcdefghij日本é👍", min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", 5),
        ("日本", 4),
        ("e\u0301", 1),
        ("\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}", 2),
        ("\N{HEAVY BLACK HEART}\ufe0f", 2),
        ("\x1b[31mred\x1b[0m", 3),
    ],
)
def test_columns_counts_what_a_terminal_shows(text: str, expected: int) -> None:
    assert columns(text) == expected


@given(st.lists(WORDS, min_size=1, max_size=20), st.integers(12, 60), st.integers(0, 10))
def test_wrap_keeps_every_word_whole_and_every_line_within_the_width(words: list[str], width: int, indent: int) -> None:
    lines = wrap(" ".join(words), width, first="-" * indent, rest=" " * indent)
    assert all(columns(line) <= width for line in lines)
    joined = " ".join(line.strip(" -") for line in lines).split()
    for word in words:
        if columns(word) + indent <= width:
            assert word in joined
    assert "".join(joined) == "".join(words)


@given(st.lists(st.lists(WORDS, min_size=3, max_size=3), min_size=1, max_size=6), st.integers(30, 120))
def test_a_table_loses_no_cell_at_any_width(rows: list[list[str]], width: int) -> None:
    text = table(rows, width, header=("ENVIRONMENT", "STATUS", "HOSTNAME"))
    assert all(columns(line) <= width for line in text.splitlines())
    squeezed = "".join(text.split())
    for row in rows:
        for cell in row:
            assert "".join(cell.split()) in squeezed


def test_a_last_cell_that_does_not_fit_beside_the_others_is_below_them() -> None:
    rows = [["aaaa", "bbbb", "x" * 14], ["cccc", "dddd", ""]]
    assert table(rows, 20).splitlines() == ["aaaa  bbbb", "      " + "x" * 14, "cccc  dddd"]


def test_wrap_without_a_width_leaves_the_text_on_one_line() -> None:
    assert wrap("word " * 100 + "end", None, first="  ") == ["  " + "word " * 100 + "end"]


def test_a_word_wider_than_the_line_gets_its_own_line_and_nothing_is_added() -> None:
    assert wrap("Digest: sha256:abcdefghijklmnop end", 14, first="") == ["Digest:", "sha256:abcdefg", "hijklmnop end"]


@pytest.mark.parametrize("width", [None, 5, 12, 20, 30, 200])
def test_items_are_packed_without_breaking_one(width: int | None) -> None:
    items = [f"{number} verify web" for number in range(12)]
    lines = pack(items, width, "Steps:").split("\n")
    assert ", ".join(items) == " ".join(line.removeprefix("Steps:").strip() for line in lines).strip()
    assert all(len(line) <= max(width or 999, len("Steps: 10 verify web,")) for line in lines)
    assert (len(lines) == 1) == (width in (None, 200))


def test_a_word_that_fits_without_the_indentation_is_not_split() -> None:
    assert wrap("CNAME target.dcv.imgwire.dev.", 30, first=" " * 20) == [
        " " * 20 + "CNAME",
        "       target.dcv.imgwire.dev.",
    ]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (30, ["      - aaaaaaaaaa.example.com", "          CONNECTED"]),
        (26, ["  - aaaaaaaaaa.example.com", "          CONNECTED"]),
        (24, ["- aaaaaaaaaa.example.com", "          CONNECTED"]),
        (22, ["      -", "aaaaaaaaaa.example.com", "          CONNECTED"]),
        (20, ["      -", "aaaaaaaaaa.example.", "com CONNECTED"]),
    ],
)
def test_a_sign_stays_before_its_hostname_where_a_line_has_room_for_both(width: int, expected: list[str]) -> None:
    assert fit("      - aaaaaaaaaa.example.com CONNECTED", width).split("\n") == expected
    coloured = fit("      \x1b[31m- aaaaaaaaaa.example.com\x1b[0m CONNECTED", width)
    assert re.sub(r"\x1b\[\d+m", "", coloured).split("\n") == expected


def test_several_spaces_before_a_word_do_not_indent_it_on_the_next_line() -> None:
    assert fit("  - aaaa.example.com         CONNECTED", 24).split("\n") == ["  - aaaa.example.com", "      CONNECTED"]


def test_a_digest_is_whole_where_a_line_has_room_for_it() -> None:
    digest = f"sha256:{'0123456789abcdef' * 4}"
    assert fit(f"Digest: {digest}", 71).split("\n") == ["Digest:", digest]
    assert fit(f"Digest: {digest}", 79).split("\n") == [f"Digest: {digest}"]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (60, ["Next: run `reconciler apply e.json --emulator`, then wait."]),
        (46, ["Next: run", "    `reconciler apply e.json --emulator`, then", "    wait."]),
        (37, ["Next: run", "`reconciler apply e.json --emulator`,", "    then wait."]),
        (30, ["Next: run", "    `reconciler apply e.json \\", "    --emulator`, then wait."]),
    ],
)
def test_a_command_stays_on_one_line_or_can_be_pasted(width: int, expected: list[str]) -> None:
    assert fit("Next: run `reconciler apply e.json --emulator`, then wait.", width).split("\n") == expected


def test_a_number_stays_with_its_unit() -> None:
    assert fit("done     create  web  www.example.com  12.5 s", 44).split("\n") == [
        "done     create  web  www.example.com",
        "    12.5 s",
    ]


def test_one_long_cell_does_not_move_the_others_where_no_width_bounds_them() -> None:
    lines = table([("a", "b"), ("x" * 70, "c"), ("d", "e")], None).split("\n")
    assert [len(line) for line in lines] == [51, 73, 51]


def test_a_long_last_cell_goes_below_its_row_and_leaves_the_other_rows_as_they_are() -> None:
    hostname = f"{'a' * 58}.example.com"
    rows = [
        ("production-of-a-customer", "CONNECTED", f"{hostname}\ndesired: b.example.com"),
        ("web", "PENDING", "web.example.com"),
        ("blue", "PENDING", "www.blue.example.com\ndesired: www.b.example.com"),
        ("dev", "PENDING", "dev.example\ndesired: d.example"),
    ]
    assert table(rows, 80, header=("ENVIRONMENT", "STATUS", "HOSTNAME")).splitlines() == [
        "ENVIRONMENT               STATUS     HOSTNAME",
        "production-of-a-customer  CONNECTED",
        f"      {hostname}",
        "      desired: b.example.com",
        "web                       PENDING    web.example.com",
        "blue                      PENDING    www.blue.example.com",
        "                                     desired: www.b.example.com",
        "dev                       PENDING    dev.example  desired: d.example",
    ]


def test_a_row_that_is_too_wide_for_the_columns_becomes_a_list_and_the_others_line_up() -> None:
    rows = [
        ("waiting", "a" * 30, "images-of-a-customer.example.com", "publish the two DNS records and wait"),
        ("waiting", "dev", "dev.example.com", "publish the two DNS records and wait"),
        ("ready", "production", "example.com", "ready"),
    ]
    assert table(rows, 50).splitlines() == [
        f"waiting  {'a' * 30}",
        "      images-of-a-customer.example.com",
        "      publish the two DNS records and wait",
        "waiting  dev         dev.example.com",
        "      publish the two DNS records and wait",
        "ready    production  example.com      ready",
    ]


@pytest.mark.parametrize(("width", "line"), [(16, " + a.example.com"), (15, "+ a.example.com"), (14, "+a.example.com")])
def test_a_sign_stays_beside_a_hostname_that_takes_the_rest_of_the_line(width: int, line: str) -> None:
    assert fit("    + a.example.com", width).split("\n") == [line]


def test_a_sentence_that_fits_on_a_line_is_not_wrapped_in_a_column() -> None:
    rows = [("skipped", "verify", "images.example.com", "`create web` was not done, so nothing is verified")]
    assert table(rows, 60).splitlines() == [
        "skipped  verify  images.example.com",
        "      `create web` was not done, so nothing is verified",
    ]


def test_a_table_without_a_header_that_does_not_fit_has_as_many_cells_on_each_line_as_fit() -> None:
    row = ("done", "verify", "a-long-production-name", "images.example.com", "status CONNECTED, certificate ACTIVE")
    assert table([row], 40, indent="  ").splitlines() == [
        "  done  verify  a-long-production-name",
        "        images.example.com",
        "        status CONNECTED, certificate",
        "        ACTIVE",
    ]


def test_colour_codes_take_no_room_and_survive_a_split() -> None:
    assert split("\x1b[31mabcdef\x1b[0m", 4) == ["\x1b[31mabcd", "ef\x1b[0m"]


def test_a_table_that_fits_lines_up() -> None:
    rows = [("web", "CONNECTED", "images.example.com"), ("日本", "PENDING", "b.example.com")]
    assert table(rows, 80, header=("ENVIRONMENT", "STATUS", "HOSTNAME")) == (
        "ENVIRONMENT  STATUS     HOSTNAME\n"
        "web          CONNECTED  images.example.com\n"
        "日本         PENDING    b.example.com"
    )


def test_a_table_that_does_not_fit_becomes_a_list_with_names() -> None:
    row = ("production-europe-west", "CONNECTED", "images.example.com", "ready")
    assert table([row], 40, header=("ENVIRONMENT", "STATUS", "HOSTNAME", "WHY")) == (
        "production-europe-west\n    STATUS: CONNECTED\n    HOSTNAME: images.example.com\n    WHY: ready"
    )


def test_a_last_cell_that_has_no_room_goes_below_its_row() -> None:
    rows = [
        ("  routing", "images.example.com.", "CNAME", "cdn-proxy.imgwire.dev."),
        ("  validation", "_acme-challenge.images.example.com.", "CNAME", "170017d9b90b4cb6.dcv.imgwire.dev."),
    ]
    assert table(rows, 80).splitlines() == [
        "  routing     images.example.com.                  CNAME  cdn-proxy.imgwire.dev.",
        "  validation  _acme-challenge.images.example.com.  CNAME",
        "      170017d9b90b4cb6.dcv.imgwire.dev.",
    ]
