"""make bench pdf: CPU of a cold renderer beside Debian's other ways from Markdown to PDF, file sizes, pages a second, memory.

A line each: NAME VALUE [PEER]. Peers that are not installed are named on stderr.
"""
import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

PARAGRAPH = ("The daemon keeps **every** answer with its *sources*, and a page of it holds some `code`, a "
             "[link](https://example.org/page) and plain words that wrap over several lines as they do in most answers. ")
CODE = "```python\nfor name in names:\n    print(name, len(name))\n```\n\n"
TABLE = "| name | value | note |\n|---|--:|---|\n" + "".join(f"| row {i} | {i * 37} | some words |\n" for i in range(5)) + "\n"
LIST = "- first of them\n- second of them\n    1. inner\n    2. inner too\n- third\n\n"

XHTML2PDF = "import sys, markdown2\nfrom xhtml2pdf import pisa\npisa.CreatePDF(markdown2.markdown(sys.stdin.read(), extras=['tables', 'cuddled-lists']), dest=sys.stdout.buffer)"
TO_HTML = "import sys, markdown2\nprint('<meta charset=utf-8>' + markdown2.markdown(sys.stdin.read(), extras=['tables', 'cuddled-lists']))"
WEASYPRINT = "import sys, markdown2, weasyprint\nsys.stdout.buffer.write(weasyprint.HTML(string=markdown2.markdown(sys.stdin.read(), extras=['tables', 'cuddled-lists'])).write_pdf())"


def document(pages):
    return "".join(f"## Part {i}\n\n{PARAGRAPH * 3}\n\n{LIST}{CODE}{TABLE}{PARAGRAPH * 2}\n\n" for i in range(1, pages + 1))


def run(argv, markdown, out):
    """CPU seconds, its children's too, and the peak of RSS in MiB."""
    with open(markdown, "rb") as feed, open(out, "wb") as to:
        process = subprocess.Popen(argv, stdin=feed, stdout=to, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{argv[0]} ends with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def peers():
    have = lambda module: importlib.util.find_spec(module) is not None
    ways = {
        "xhtml2pdf": have("xhtml2pdf") and have("markdown2") and [sys.executable, "-c", XHTML2PDF],
        "weasyprint": have("weasyprint") and have("markdown2") and [sys.executable, "-c", WEASYPRINT],
        "wkhtmltopdf": shutil.which("wkhtmltopdf") and have("markdown2") and
                       ["sh", "-c", "\"$0\" -c \"$1\" | wkhtmltopdf -q - -", sys.executable, TO_HTML],
        "pandoc-groff": shutil.which("pandoc") and shutil.which("pdfroff") and ["sh", "-c", "pandoc -t ms -s | pdfroff -ms -k"],
    }
    for name, way in ways.items():
        if not way:
            print(f"pdf: {name} is not installed, left out", file=sys.stderr)
    return {name: way for name, way in ways.items() if way}


def pages_of(path):
    out = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    return int(next(row for row in out.splitlines() if row.startswith("Pages:")).split()[1])


def sized(pages, ours, folder):
    """Markdown that fills so many pages of ours."""
    path, out, parts = os.path.join(folder, f"{pages}.md"), os.path.join(folder, "size.pdf"), pages
    for _ in range(6):
        with open(path, "w", encoding="utf-8") as f:
            f.write(document(parts))
        run(ours, path, out)
        got = pages_of(out)
        if got == pages or pages == 1:
            break
        parts = max(1, round(parts * pages / got))
    return path


def figures(ours, folder):
    out = os.path.join(folder, "out.pdf")
    for pages, times in ((1, 30), (50, 7)):
        path = sized(pages, ours, folder)
        cpu = statistics.median(run(ours, path, out)[0] for _ in range(times))
        print(f"size_{pages} {os.path.getsize(out) / 1e3}", flush=True)
        for name, way in peers().items():
            try:
                other = statistics.median(run(way, path, os.path.join(folder, name))[0] for _ in range(3))
                print(f"cpu_{pages}_{name} {cpu * 1e3} {other * 1e3}", flush=True)
            except RuntimeError as e:
                print(f"pdf: {name} left out of {pages} pages: {e}", file=sys.stderr)
    path = sized(700, ours, folder)
    cpu, peak = (statistics.median(column) for column in zip(*(run(ours, path, out) for _ in range(5))))
    pages = pages_of(out)
    print(f"rate_700 {pages / cpu}\nmemory_700 {peak}\nsize_700 {os.path.getsize(out) / 1e3}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    folder = tempfile.mkdtemp(prefix="ragchat-bench-pdf-")
    try:
        figures([os.path.join(os.path.abspath(parser.parse_args().bin), "ragchatd-pdf"), "--plain"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
