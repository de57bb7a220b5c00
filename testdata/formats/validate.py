"""Reads the reports of one run that are named PREFIX.FORMAT, and compares what they say."""

import json
import os
import sys
from collections import Counter

from diff_cover.violationsreporters.java_violations_reporter import CheckstyleXmlDriver
from junitparser import Error, Failure, JUnitXml

prefix = sys.argv[1]
folder = prefix  # of the files, to which paths are relative


def read(format):
    with open(f"{prefix}.{format}", encoding="utf-8") as f:
        return f.read()


def check(ok, *what):
    if not ok:
        sys.exit(f"{prefix}: " + " ".join(str(w) for w in what))


whole = json.loads(read("json"))
findings = [f for f in whole["findings"] if f["suppressed"] is None]
count = len(findings) + len(whole["errors"])

# json lines
lines = [json.loads(line) for line in read("jsonl").splitlines()]
check(lines[:-1] == whole["findings"], "jsonl has other findings")
check(lines[-1]["count"]["findings"] == len(findings), "jsonl counts", lines[-1]["count"])

# junit: a test for each file and rule
suites = JUnitXml.fromfile(f"{prefix}.junit")
cases = [case for suite in suites for case in suite]
kinds = Counter(type(r) for case in cases for r in case.result)
tests = {(f["path"], f["rule"]) for f in findings}
errors = {e["path"] for e in whole["errors"]}
check(kinds[Failure] == len(tests) and kinds[Error] == len(errors), "junit has", kinds, "for", len(tests), len(errors))
check(suites.tests == len(cases) == max(1, len(tests) + len(errors)), "junit counts", suites.tests, len(cases))
check(suites.failures == kinds[Failure] and suites.errors == kinds[Error], "junit counts", suites.failures, suites.errors)
check(len({(c.classname, c.name) for c in cases}) == len(cases), "junit has two tests with one name")

# checkstyle
violations = CheckstyleXmlDriver().parse_reports([read("checkstyle")])
check(sum(map(len, violations.values())) == count, "checkstyle has", sum(map(len, violations.values())), "of", count)
check({v.line for list in violations.values() for v in list} == {f["range"]["start"]["line"] for f in findings}
      | ({1} if errors else set()), "checkstyle has other lines")

# gitlab: what its documentation calls required
issues = json.loads(read("gitlab"))
check(len(issues) == count, "gitlab has", len(issues), "of", count)
check(len({i["fingerprint"] for i in issues}) == count, "gitlab has equal fingerprints")
for i in issues:
    check(i["description"] and i["check_name"] and i["severity"] in ("info", "minor", "major", "critical", "blocker"), i)
    check(isinstance(i["location"]["lines"]["begin"], int) and i["location"]["lines"]["begin"] > 0, i)
    check(i["location"]["path"] and not i["location"]["path"].startswith(("./", "/")), i)


# fixes: those of SARIF and the suggestions of rdjson make the same texts as those of the JSON
def content(path):
    try:
        with open(os.path.join(folder, path), "rb") as f:
            return f.read()
    except OSError:
        return None  # a name that JSON cannot hold


def by_bytes(text, edits):
    for e in sorted(edits, key=lambda e: (e["start"], e["end"]), reverse=True):
        text = text[: e["start"]] + e["text"].encode() + text[e["end"]:]
    return text


def by_units(text, replacements):
    mark = b"\xef\xbb\xbf" if text.startswith(b"\xef\xbb\xbf") else b""
    rows = text[len(mark):].decode().split("\n")
    units = [row.encode("utf-16-le") for row in rows]
    starts = [0]
    for row in units:
        starts.append(starts[-1] + len(row) + 2)
    whole = "\n".join(rows).encode("utf-16-le")

    def offset(line, column):
        return starts[line - 1] + 2 * (column - 1)

    spans = []
    for r in replacements:
        at = r["deletedRegion"]
        spans.append((offset(at["startLine"], at["startColumn"]), offset(at["endLine"], at["endColumn"]),
                      r["insertedContent"]["text"].encode("utf-16-le")))
    for start, end, new in sorted(spans, reverse=True):
        whole = whole[:start] + new + whole[end:]
    return mark + whole.decode("utf-16-le").encode()


def by_lines(text, suggestion):
    first, last = suggestion["range"]["start"]["line"], suggestion["range"]["end"]["line"]
    rows = text.split(b"\n")
    ends = b"\r" if rows[last - 1].endswith(b"\r") else b""
    new = [suggestion["text"].encode() + ends] if suggestion["text"] else []
    return b"\n".join(rows[: first - 1] + new + rows[last:])


results = json.loads(read("sarif"))["runs"][0]["results"]
check(len(results) == len(whole["findings"]), "sarif has", len(results), "results")
carried = 0
for finding, result in zip(whole["findings"], results):
    check(finding["rule"] == result["ruleId"], finding, result)
    check(result["partialFingerprints"]["nodeHash/v1"] == finding["fingerprint"], result)
    fixes = [f for f in finding["fixes"] if f["edits"]]
    titles = {f["description"]["text"]: f for f in result.get("fixes", [])}
    for fix in fixes:
        if fix["title"] not in titles:
            continue
        for change in titles[fix["title"]]["artifactChanges"]:
            path = finding["path"]
            text = content(path)
            if text is None or any(e["path"] != path for e in fix["edits"]):
                continue
            carried += 1
            want, got = by_bytes(text, fix["edits"]), by_units(text, change["replacements"])
            check(want == got, "sarif's fix", fix, "makes", got, "instead of", want)
suggested = 0
diagnostics = json.loads(read("rdjson"))["diagnostics"][len(whole["errors"]):]
check(len(diagnostics) == len(findings), "rdjson has", len(diagnostics), "diagnostics")
for finding, d in zip(findings, diagnostics):
    check(len(d.get("suggestions", [])) <= 1, d)
    safe = [f for f in finding["fixes"] if f["safety"] == "safe" and f["edits"]]
    text = content(finding["path"])
    for s in d.get("suggestions", []):
        if text is None:
            continue
        want, got = by_bytes(text, safe[0]["edits"]), by_lines(text, s)
        suggested += 1
        check(want.rstrip(b"\n") == got.rstrip(b"\n"), "the suggestion", s, "makes", got, "instead of", want)
print(f"{prefix}: {len(findings)} findings, {len(whole['errors'])} errors; {carried} fixes of sarif and {suggested} "
      "suggestions make what the JSON's edits make")
