#!/usr/bin/env python3
"""House rules that need no compiler: lengths, white space, words, a test for each source file.

Usage: tidy_test.py ROOT. Tests itself first, then checks the tree at ROOT.
"""

import os
import re
import sys

import tree

LINE_CHARACTERS_MAX = 100
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70

# Spelt in halves, so that this file passes its own check.
BANNED_WORDS = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
BANNED = re.compile(r"\b(" + "|".join(BANNED_WORDS) + r")\b")
EM_DASH = "\u2014"

CODE = tree.CPP + (".proto", ".cmake", ".in", ".py", ".sh", ".yml", ".yaml", ".toml", ".txt")
TEXT = CODE + (".md", ".json")

# src files without a test of their own: path -> why.
UNTESTED = {}


def is_script(root, path):
    """Files without an extension that begin with #!."""
    if os.path.splitext(os.path.basename(path))[1]:
        return False
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def is_data(path):
    return "/golden/" in path


def check_lines(path, text, is_code):
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield f"{path}: must end with one newline"
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{path}:{number}"
        if is_code and len(line) > LINE_CHARACTERS_MAX:
            yield f"{where}: {len(line)} characters; at most {LINE_CHARACTERS_MAX}"
        if "\t" in line:
            yield f"{where}: a tab"
        if line != line.rstrip():
            yield f"{where}: space at the end of the line"
        if EM_DASH in line:
            yield f"{where}: an em dash"
        match = BANNED.search(line)
        if match:
            yield f"{where}: the word {match.group()}: do it, or write an issue"
    lines = text.count("\n")
    if is_code and lines > FILE_LINES_MAX:
        yield f"{path}: {lines} lines; at most {FILE_LINES_MAX}"


NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'
    r"|\"(?:\\.|[^\"\\\n])*\"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def blank_strings_and_comments(text):
    """The same text with comments and literals emptied; line numbers stay."""
    return NOT_CODE.sub(lambda match: '""' + "\n" * match.group().count("\n"), text)


def functions(text):
    """Yields (first line, lines) of each outermost function body of C++ text. A heuristic: a block
    whose head has a parenthesis, outside of any other such block, and is no class or namespace."""
    code = blank_strings_and_comments(blank_macros(text))
    stack = []  # (line of the brace, whether it is a function body)
    head_start = 0
    line = 1
    for at, c in enumerate(code):
        if c == "\n":
            line += 1
        elif c == ";":
            head_start = at + 1
        elif c == "{":
            head = code[head_start:at]
            scope = re.match(r"\s*(?:template\s*<.*?>\s*)?(?:inline\s+)?"
                             r"(?:namespace|class|struct|enum|union|extern)\b", head, re.DOTALL)
            inside = any(is_function for _, is_function in stack)
            stack.append((line, ")" in head and not scope and not inside))
            head_start = at + 1
        elif c == "}" and stack:
            first, is_function = stack.pop()
            if is_function:
                yield first, line - first + 1
            head_start = at + 1


def blank_macros(text):
    """Empties preprocessor lines with their continuations; line numbers stay."""
    macro = re.compile(r"^[ ]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
    return macro.sub(lambda match: "\n" * match.group().count("\n"), text)


def check_cpp(path, text):
    if path.endswith(".h") and "#pragma once" not in text:
        yield f"{path}: no #pragma once"
    for line, lines in functions(text):
        if lines > FUNCTION_LINES_MAX:
            yield f"{path}:{line}: a function of {lines} lines; at most {FUNCTION_LINES_MAX}"


def check_tests(paths, untested):
    """Every src/x/y.cc has test/x/y_test.cc or stands in `untested`, never both."""
    paths = set(paths)
    for path in sorted(paths):
        match = re.fullmatch(r"src/(.*)\.cc", path)
        if not match or path.endswith("_main.cc"):
            continue
        test = f"test/{match.group(1)}_test.cc"
        if test not in paths and path not in untested:
            yield f"{path}: no {test}"
        if test in paths and path in untested:
            yield f"{path}: has a test, so take it out of UNTESTED"
    for path in sorted(set(untested) - paths):
        yield f"{path}: in UNTESTED, but gone"


def check(root):
    complaints = []
    paths = tree.own_files(root)
    for path in paths:
        is_code = path.endswith(CODE) or is_script(root, path)
        if is_data(path) or not (is_code or path.endswith(TEXT)):
            continue
        text = tree.read(root, path)
        complaints += check_lines(path, text, is_code)
        if path.endswith(tree.CPP):
            complaints += check_cpp(path, text)
    return complaints + list(check_tests(paths, UNTESTED))


def self_test():
    header = "include/cairn/job.h"
    once = "#pragma once\n"
    short = "void F() {\n" + "  G();\n" * 68 + "}\n"
    long = "void F() {\n" + "  if (a) {\n    G(\"}\");  // }\n  }\n" * 23 + "}\n"
    assert list(functions(short)) == [(1, 70)] and list(functions(long)) == [(1, 71)]
    in_class = f"namespace a {{\nclass B : public C {{\n{long}}};\n}}\n"
    assert list(functions(in_class)) == [(3, 71)]
    assert not list(functions("int a[] = {\n1,\n};\nstruct B {\n  int c;\n};\n"))
    assert not list(functions("#define A(x) \\\n  if (x) {      \\\n  }\nint b;\n"))
    tree.expect(check, {header: once + short, "src/cli/cairn_main.cc": "int a = 1'000;\n"})
    tree.expect(check, {header: once + long}, "a function of 71 lines")
    tree.expect(check, {header: "int a;\n"}, "no #pragma once")
    tree.expect(check, {header: once + "\tint a;\n"}, "a tab")
    tree.expect(check, {header: once + "int a; \n"}, "space at the end")
    tree.expect(check, {header: once + "int a;"}, "end with one newline")
    tree.expect(check, {header: once + "a" * 101 + "\n"}, "101 characters")
    tree.expect(check, {header: once + "\n".join(["int a;"] * 600) + "\n"}, "601 lines")
    tree.expect(check, {header: once + f"// {BANNED_WORDS[0]}: all\n"}, "the word")
    tree.expect(check, {"doc/a.md": f"a {EM_DASH} b\n"}, "an em dash")
    tree.expect(check, {"scripts/demo": "#!/bin/bash\n" + "a" * 101 + "\n"}, "101 characters")
    tree.expect(check, {"src/base/a.cc": "int a;\n"}, "no test/base/a_test.cc")
    tree.expect(check, {"src/base/a.cc": "int a;\n", "test/base/a_test.cc": "int b;\n"})
    source, test = "src/base/a.cc", "test/base/a_test.cc"
    assert not list(check_tests([source], {source: "why"}))
    assert "take it out" in next(check_tests([source, test], {source: "why"}))
    assert "but gone" in next(check_tests([], {source: "why"}))


def main():
    self_test()
    tree.finish(check(sys.argv[1]), "tidy")


if __name__ == "__main__":
    main()
