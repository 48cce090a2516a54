# python3 iterparse.py FILE [CANDIDATE]: the same as main.mjs with Python's xml.etree.ElementTree.iterparse.
import json
import resource
import sys
from collections import Counter
from xml.etree.ElementTree import iterparse


def read(path):
    run = {}
    for _, element in iterparse(path):
        if element.tag == "testcase":
            kinds = {child.tag for child in element}
            if "error" in kinds:
                status = "errored"
            elif "failure" in kinds:
                status = "failed"
            elif "skipped" in kinds:
                status = "skipped"
            else:
                status = "passed"
            run[element.get("classname") + "#" + element.get("name")] = status
            element.clear()
        elif element.tag == "testsuite":
            element.clear()
    return run


runs = [read(path) for path in sys.argv[1:]]
lost = 0
if len(runs) > 1:
    lost = sum(1 for id, status in runs[0].items() if status == "passed" and runs[1].get(id) != "passed")
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "tests": len(runs[0]), **Counter(runs[0].values()), "lost": lost,
    "cpuSeconds": used.ru_utime + used.ru_stime, "peakMb": used.ru_maxrss * 1024 / 1e6,
}))
