"""Scripts for tests of synthetic videos."""

import dataclasses

from kinesics.synthetic.script import Script


def with_one_actor(script: Script) -> Script:
    """Return the script with actor 1 in all roles: making another one takes longer than a test."""
    return dataclasses.replace(script, roles=tuple(dataclasses.replace(role, actor=1) for role in script.roles))
