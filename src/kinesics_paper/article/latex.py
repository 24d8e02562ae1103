"""Format values and tables as LaTeX."""


def escape(value: str) -> str:
    """Return text with LaTeX's special characters escaped."""
    for character in "\\{}":
        value = value.replace(character, f"<{ord(character)}>")
    for character in "&%$#_":
        value = value.replace(character, "\\" + character)
    value = value.replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
    for character, name in {"\\": "textbackslash", "{": "textbraceleft", "}": "textbraceright"}.items():
        value = value.replace(f"<{ord(character)}>", f"\\{name}{{}}")
    return value


def identifier(name: str) -> str:
    """Return a name of the project, such as a source's, as LaTeX that may be broken after a hyphen."""
    return rf"\texttt{{{escape(name)}}}".replace("-", r"-\allowbreak{}")


def table(columns: str, head: list[str], rows: list[list[str]], rules: tuple[int, ...] = ()) -> str:
    """Return a booktabs tabular; ``rules`` are the numbers of the rows before which a thin rule stands."""
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", " & ".join(head) + r" \\", r"\midrule"]
    for number, row in enumerate(rows):
        if number in rules:
            lines.append(r"\midrule")
        lines.append(" & ".join(row) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"
