"""Asking a person, where one can be asked."""

from __future__ import annotations

import os
import sys

import click

from reconciler.cli.output import is_terminal


def can_ask() -> bool:
    """Standard input and standard error are terminals, and CI is unset."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr) and not os.environ.get("CI")


def answer_is_yes(question: str) -> bool:
    """Ask on standard error; nothing but `yes` is consent."""
    click.echo(f"\n{question} Only 'yes' will do: ", nl=False, err=True)
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        click.echo(err=True)  # the message that follows begins on a line of its own
        raise
    return answer.strip() == "yes"
