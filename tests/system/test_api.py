"""The table of methods and errors is a promise: it grows and nothing goes away."""
import json
import os

from harness import DATA, check
from scripts import echo

GOLDEN = os.path.join(DATA, "api.json")


def fields(text):
    return set(text.split()) if isinstance(text, str) else {json.dumps(item, sort_keys=True) for item in text}


def test_what_was_once_promised_is_still_there(t):
    t.serve(echo)
    now = t.rpc().call("api.info")
    with open(GOLDEN, encoding="utf-8") as f:
        then = json.load(f)
    check(now["level"] >= then["level"], "the level fell from", then["level"], "to", now["level"])
    methods = {method["name"]: method for method in now["methods"]}
    for old in then["methods"]:
        new = methods.get(old["name"])
        check(new, "the method", old["name"], "is gone")
        check(new["since"] == old["since"], "since of", old["name"], "changed")
        for part in ("params", "result"):
            gone = fields(old[part]) - fields(new[part])
            # A parameter that must be given may become optional, never the other way.
            if part == "params":
                gone = {field for field in gone if field.replace(":", "?:", 1) not in fields(new[part])}
                added = fields(new[part]) - fields(old[part])
                must = {field for field in added if "?:" not in field}
                check(not must, "the method", old["name"], "now demands", must)
            check(not gone, f"{part} of", old["name"], "lost", gone)
    errors = {error["code"]: error["name"] for error in now["errors"]}
    for old in then["errors"]:
        check(errors.get(old["code"]) == old["name"], "error", old["code"], "was", old["name"], "and is", errors.get(old["code"]))
    missing = set(methods) - {old["name"] for old in then["methods"]}
    check(not missing, f"new methods are not in {os.path.basename(GOLDEN)} yet:", sorted(missing))
