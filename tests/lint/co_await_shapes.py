"""Finds statements that g++ 12 miscompiles (double free, use after free; at -O0 and -O2 alike).

A statement with a co_await must hold no second co_await, no braced initialiser (`P{...}`), no
lambda that captures, and no `?:`. Name such operands in a statement of their own before it.

The statements are found by token, without a compiler. A lambda's body is made of statements of its
own; so is what follows `if (...)`, `else` and the like. A `for` header counts as one statement.
"""

import re
import sys
from dataclasses import dataclass

import house

# Longest first; what is not listed is taken character by character.
TOKEN = re.compile(
    r"""
      (?P<space>\s+ | //[^\n]* | /\*.*?\*/)
    | (?P<directive>\#(?:\\\n|/\*.*?\*/|[^\n])*)
    | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^()\s\\"]{0,16})\(.*?\)(?P=mark)")
    | (?P<text>(?:u8|[uUL])?(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'))
    | (?P<number>\.?\d(?:[eEpP][+-]|'[0-9a-zA-Z]|[\w.])*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<mark2>->|::|&&)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
CONTROL = {"if", "for", "while", "switch"}
SCOPES = {"namespace", "class", "struct", "union", "enum", "extern", "requires", "concept"}
# Before a `[` these do not end an operand, so what follows is a lambda's captures.
NO_OPERAND = {"return", "co_return", "co_await", "co_yield", "case", "throw", "else", "do"}
SUBSCRIBED = {"delete", "operator", "auto"}
CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass
class Token:
    kind: str
    text: str
    line: int


@dataclass
class Statement:
    line: int = 0
    awaits: int = 0
    braced: bool = False
    capturing: bool = False
    conditional: bool = False

    def faults(self):
        if self.awaits == 0:
            return []
        found = []
        if self.awaits > 1:
            found.append("a second co_await")
        if self.braced:
            found.append("a braced initialiser")
        if self.capturing:
            found.append("a capturing lambda")
        if self.conditional:
            found.append("?:")
        return found


def tokens_of(text):
    tokens, line = [], 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup if match.lastgroup != "mark" else "raw"
        if kind not in ("space", "directive"):
            tokens.append(Token(kind, match[0], line))
        line += match[0].count("\n")
    return tokens


class Parser:
    """One pass over the tokens. Every loop moves forward; unbalanced brackets end at the end."""

    def __init__(self, text):
        self.tokens = tokens_of(text)
        self.at = 0
        self.statements = []

    def look(self, offset=0):
        index = self.at + offset
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def block(self):
        """Statements up to the closing brace of the block, or the end of the file."""
        while self.at < len(self.tokens):
            if self.look() == "}":
                self.at += 1
                return
            self.statement()

    def statement(self):
        if self.look() in ("else", "do", "try"):
            self.at += 1
            return
        start = self.at
        statement = Statement(line=self.tokens[start].line)
        self.statements.append(statement)
        if self.look() in CONTROL:
            while self.at < len(self.tokens) and self.look() not in ("(", "{", ";"):
                self.at += 1
            if self.look() == "(":
                self.brackets(statement)
            return
        while self.at < len(self.tokens):
            text = self.look()
            if text == ";":
                self.at += 1
                return
            if text == "}":
                return
            if text == "{" and self.opens_block(start):
                self.at += 1
                self.block()
                return
            self.operand(statement)

    def operand(self, statement):
        """One token with what it brackets."""
        text = self.look()
        if text == "[" and self.introduces_lambda():
            self.lambda_expression(statement)
        elif text in CLOSING:
            statement.braced |= text == "{"
            self.brackets(statement)
        else:
            statement.awaits += text == "co_await"
            statement.conditional |= text == "?"
            self.at += 1

    def brackets(self, statement):
        closing = CLOSING[self.look()]
        self.at += 1
        while self.at < len(self.tokens) and self.look() != closing:
            self.operand(statement)
        self.at += 1

    def introduces_lambda(self):
        if self.at == 0:
            return True
        before = self.tokens[self.at - 1]
        if before.text in SUBSCRIBED or self.look(1) == "[" or before.text == "[":
            return False
        if before.text in ("&", "&&") and self.look(-2) == "auto":
            return False  # a structured binding
        if before.kind == "word":
            return before.text in NO_OPERAND
        return before.kind == "other" and before.text not in ")]}" or before.kind == "mark2"

    def lambda_expression(self, statement):
        statement.capturing |= self.look(1) != "]"
        self.brackets(Statement())  # what a capture awaits is not C++ we write
        while self.at < len(self.tokens) and self.look() != "{":
            if self.look() == "(":
                self.brackets(Statement())
            elif self.look() in (";", "}", ")"):
                return
            else:
                self.at += 1
        self.at += 1
        self.block()

    def opens_block(self, start):
        """Whether the brace here opens a block (or a scope) rather than an initialiser."""
        if self.at == start:
            return True
        before = self.tokens[self.at - 1]
        if before.text in (")", "}", "const", "noexcept", "override", "final", "mutable", "try", ":"):
            return True
        if before.text in ("&", "&&"):
            return True
        head = [token.text for token in self.tokens[start:self.at]]
        if SCOPES & set(head) and "=" not in head:
            return True
        if "->" in head:  # a trailing return type
            arrow = len(head) - 1 - head[::-1].index("->")
            after = "".join(head[arrow + 1:])
            return head[arrow - 1] in (")", "const", "noexcept") and re.fullmatch(r"[\w:<>,*&]+", after)
        return False


def problems_in(path, text):
    parser = Parser(text)
    while parser.at < len(parser.tokens):
        parser.block()
    return [
        f"{path}:{statement.line}: co_await beside {' and '.join(statement.faults())}: g++ 12 "
        "miscompiles it. Name the operand in a statement of its own"
        for statement in parser.statements
        if statement.faults()
    ]


def main():
    problems, checked = [], 0
    for path, text in house.cpp_sources(sys.argv[1], "proxy", "tests", "bench"):
        checked += 1
        if "co_await" in text:
            problems += problems_in(path, text)
    house.finish(problems, checked)


if __name__ == "__main__":
    main()
