"""Runs one reader's code from docs/reading.md, read from standard input with the names of files already put in, and prints what it
found as one JSON object: `rooms` and `keys`, each a list of rows. SQL and jq give two programs, divided by an empty line; Python
code leaves two tables behind."""

import json
import sys


def run_duckdb(code):
    import duckdb

    return [[list(row) for row in duckdb.sql(query).fetchall()] for query in divided(code)]


def run_pandas(code):
    names = {}
    exec(code, names)
    tables = [names['rooms'], names['keys']]
    return [table.astype(object).where(table.notna(), None).values.tolist() for table in tables]


def run_pyarrow(code):
    names = {}
    exec(code, names)
    return [[list(row.values()) for row in table.to_pylist()] for table in (names['rooms'], names['keys'])]


def run_jq(code, path):
    import jq

    with open(path, encoding='utf-8') as file:
        text = file.read()
    return [jq.compile(program).input_text(text).all() for program in divided(code)]


def divided(code):
    return [part for part in code.strip().split('\n\n') if part]


reader, path = sys.argv[1], sys.argv[2]
code = sys.stdin.read()
rooms, keys = run_jq(code, path) if reader == 'jq' else globals()[f'run_{reader}'](code)
print(json.dumps({'rooms': rooms, 'keys': keys}))
