"""Values that stand in a file of HCL, with the lines they stand on.

Only what is written out counts: text, numbers, true and false, null, lists and objects. python-hcl2
gives the syntax tree; its dictionaries would hide keys that occur twice and all line numbers.
Source: the HCL native syntax specification.
"""

import re
import textwrap
from dataclasses import dataclass, field
from typing import Any

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput, UnexpectedToken

from community.permissions import Place

DEEPEST = 30  # levels of lists and objects
LONGEST_SHOWN = 40  # characters
MOST_BLANKS = 500  # in a row: the parser's time grows with their square in a heredoc

ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([nrt"\\])|(.?))', re.DOTALL)
SHORT = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
BLANKS = re.compile(rf"\s{{{MOST_BLANKS}}}")
HEREDOC = re.compile(r"<<(-?)([^\r\n]+)\r?\n(.*?)[ \t]*\2\s*\Z", re.DOTALL)

Node = Tree[Token] | Token


class NotLiteralError(ValueError):
    """The text can't be read; ``line`` says where (0 if nobody knows)."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable with the tree of its default, None if it has none."""

    name: str
    line: int
    default: Node | None


@dataclass(slots=True)
class Literals:
    """Turns trees into values and remembers the line of each."""

    lines: dict[Place, int] = field(default_factory=dict)

    def value(self, node: Node, place: Place) -> Any:
        """Give a tree's value. Raises: NotLiteralError."""
        self.lines[place] = _line(node)
        if len(place) > DEEPEST:
            raise NotLiteralError(_line(node), f"lists and objects are nested deeper than {DEEPEST}; make them flatter")
        kind, inner = _kind(node)
        if kind == "object":
            return self._object(inner, place)
        if kind == "tuple":
            items = (child for child in _trees(inner) if child.data != "new_line_or_comment")
            return [self.value(child, (*place, number)) for number, child in enumerate(items)]
        return _plain(kind, inner)

    def _object(self, node: Tree[Token], place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for element in _trees(node, "object_elem"):
            named, held = _trees(element)
            key = _key(named)
            if key in found:
                first = self.lines[(*place, key)]
                raise NotLiteralError(_line(named), f"{key} stands here again (first on line {first}); remove one")
            found[key] = self.value(held, (*place, key))
            self.lines[(*place, key)] = _line(named)
        return found


def variables(text: str) -> list[Variable]:
    """Give all variable blocks in the file's order. Raises: NotLiteralError."""
    (body,) = _trees(_tree(text))
    return [_variable(block) for block in _trees(body, "block") if _word(block.children[0]) == "variable"]


def _variable(block: Tree[Token]) -> Variable:
    labels = [child for child in _trees(block) if child.data in {"identifier", "string"}][1:]
    if len(labels) != 1:
        raise NotLiteralError(_line(block), 'a variable has one name; write: variable "name" { … }')
    (body,) = _trees(block, "body")
    defaults = [each for each in _trees(body, "attribute") if _word(each.children[0]) == "default"]
    name = _word(labels[0])
    if len(defaults) > 1:
        raise NotLiteralError(_line(defaults[1]), f"variable {name} has a second default; remove one")
    return Variable(name, _line(block), defaults[0].children[-1] if defaults else None)


def _tree(text: str) -> Tree[Token]:
    blanks = BLANKS.search(text)
    if blanks:
        line = text.count("\n", 0, blanks.start()) + 1
        raise NotLiteralError(line, f"{MOST_BLANKS} blanks or empty lines stand in a row; remove them")
    try:
        return hcl2.parses_to_tree(text)
    except UnexpectedInput as error:
        raise NotLiteralError(_line_of_error(error, text), _words_of_error(error, text)) from error
    except LarkError as error:
        raise NotLiteralError(0, "is not HCL; check its quotes and brackets") from error


def _line_of_error(error: UnexpectedInput, text: str) -> int:
    return text.count("\n") + 1 if _is_end(error) or error.line < 1 else error.line


def _is_end(error: UnexpectedInput) -> bool:
    return isinstance(error, UnexpectedToken) and error.token.type == "$END"


def _words_of_error(error: UnexpectedInput, text: str) -> str:
    if _is_end(error):
        return "the file ends before all texts, lists and blocks are closed; close them"
    line = f"{text}\n".split("\n")[error.line - 1]
    found = line[error.column - 1 :].rstrip()[:LONGEST_SHOWN]
    what = repr(found) if found else "the end of the line"
    return f"{what} is not expected here; check the quotes, commas and brackets up to it"


def _trees(node: Tree[Token], kind: str = "") -> list[Tree[Token]]:
    return [c for c in node.children if isinstance(c, Tree) and (not kind or c.data == kind)]


def _line(node: Node) -> int:
    line = node.line if isinstance(node, Token) else getattr(node.meta, "line", 0)
    return line or 0


def _kind(node: Node) -> tuple[str, Tree[Token]]:
    """Unwrap an expression down to what it is, through brackets and a sign."""
    while isinstance(node, Tree) and node.data == "expr_term":
        inner = _trees(node)
        if len(inner) == 2 or not inner:  # noqa: PLR2004 - a term with an index
            break
        node = inner[0]
    if isinstance(node, Token):
        raise _computed(node)
    return str(node.data), node


def _plain(kind: str, node: Tree[Token]) -> Any:
    if kind == "string":
        return _string(node)
    if kind in {"heredoc_template", "heredoc_template_trim"}:
        return _heredoc(node)
    if kind == "literal_value":
        return {"true": True, "false": False, "null": None}[_word(node)]
    if kind in {"int_lit", "float_lit", "unary_op"}:
        return _number(node)
    raise _computed(node)


def _number(node: Tree[Token]) -> int | float:
    written = "".join(str(token) for token in node.scan_values(lambda value: isinstance(value, Token)))
    try:
        return float(written) if any(mark in written for mark in ".eE") else int(written)
    except ValueError as error:
        raise _computed(node) from error


def _computed(node: Node) -> NotLiteralError:
    return NotLiteralError(_line(node), "is computed or refers to something; write the value out")


def _key(node: Tree[Token]) -> str:
    (child,) = node.children
    if isinstance(child, Token) or child.data == "keyword":
        return _word(node)
    kind, inner = _kind(child)
    if kind == "string":
        return _string(inner)
    if kind in {"identifier", "int_lit", "literal_value"} and len(list(child.scan_values(bool))) == 1:
        return _word(inner)
    raise NotLiteralError(_line(node), "a key is computed; write it as a word or in quotes")


def _word(node: Node) -> str:
    """Give an identifier, a keyword or a text as it is written."""
    if isinstance(node, Token):
        return str(node)
    if node.data == "string":
        return _string(node)
    return "".join(str(token) for token in node.scan_values(lambda value: isinstance(value, Token)))


def _string(node: Tree[Token]) -> str:
    return "".join(_part(part) for part in _trees(node, "string_part"))


def _part(part: Tree[Token]) -> str:
    (token,) = part.children
    if isinstance(token, Tree):
        raise NotLiteralError(_line(part), "holds ${…} or %{…}; write the value out, or double the sign for itself")
    if "\n" in token:
        raise NotLiteralError(_line(part), "a text goes on over the end of its line; close its quotes")
    if token.type == "STRING_CHARS":
        return ESCAPE.sub(lambda found: _unescaped(found, _line(part)), token)
    if '"' in token:
        raise NotLiteralError(_line(part), f"{token[:3]} is not closed within its text; write \\u00{ord(token[0]):x}{{")
    return ESCAPE.sub(lambda found: _unescaped(found, _line(part)), token[1:])


def _unescaped(found: re.Match[str], line: int) -> str:
    four, eight, short, wrong = found.groups()
    if short:
        return SHORT[short]
    number = int(four or eight or "110000", 16)
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - the end of Unicode, the surrogates
        shown = f"\\{wrong}" if wrong else found[0]
        raise NotLiteralError(line, f"{shown} is no escape of HCL; double the backslash for itself")
    return chr(number)


def _heredoc(node: Tree[Token]) -> str:
    written = _word(node)
    found = HEREDOC.match(written)
    if found is None or re.search(r"(?<!\$)\$\{|(?<!%)%\{", found[3]):
        raise _computed(node)
    body = textwrap.dedent(found[3]) if found[1] else found[3]
    return body.replace("\r\n", "\n").replace("$${", "${").replace("%%{", "%{")
