"""make bench extract: pages of PDF through the sandbox beside pdftotext alone, in pairs; DOCX and HTML, MB a second.

A line each: NAME VALUE [PEER]. PDFs are made by ragchatd-pdf from the licences of the system.
"""
import argparse
import glob
import io
import os
import re
import shutil
import statistics
import struct
import subprocess
import tempfile
import threading
import time
import zipfile

SIZES = ((10, 21), (150, 11), (1000, 5))  # pages, pairs


def paragraphs():
    """Plain words in paragraphs, the same ones on each machine of one release."""
    found = []
    for path in sorted(glob.glob("/usr/share/common-licenses/*")):
        with open(path, encoding="utf-8", errors="replace") as f:
            found += [re.sub(r"[\s#<*_`|\[\]]+", " ", part).strip() for part in f.read().split("\n\n")]
    return [part for part in found if len(part) > 200]


def markdown(pages, seed=0):
    parts, out, size, i = paragraphs(), [], 0, seed * 97
    while size < pages * 2900:
        if i % 12 == 0:
            out.append(f"## Part {i}")
        out.append(f"{i}. {parts[i * 31 % len(parts)]}".replace(". ", ".\u00a0", 1))
        size += len(out[-1])
        i += 1
    return "\n\n".join(out)


def make_pdf(programs, path, pages, seed=0):
    """Makes it; how many pages it has."""
    with open(path, "wb") as out:
        subprocess.run([os.path.join(programs, "ragchatd-pdf"), "--plain"], input=markdown(pages, seed).encode(), stdout=out,
                       stderr=subprocess.DEVNULL, check=True)
    info = subprocess.run(["pdfinfo", path], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"^Pages:\s+(\d+)", info, re.M)[1])


def is_ready(pid):
    """A spare: pdftotext runs below it and waits for its input."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            child = f.read().split()
        with open(f"/proc/{child[0]}/comm", encoding="ascii") as f:
            return f.read() == "pdftotext\n"
    except (OSError, IndexError):
        return False


def exchange(process, data):
    """Seconds from its first byte of input to its last of output."""
    start = time.perf_counter()

    def feed():
        process.stdin.write(data)
        process.stdin.close()
    thread = threading.Thread(target=feed)
    thread.start()
    while process.stdout.read(1 << 18):
        pass
    code = process.wait()
    thread.join()
    if code:
        raise RuntimeError(f"{process.args[0]} ends with {code}")
    return time.perf_counter() - start


def piped(argv):
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0)


def cold(argv, data):
    start = time.perf_counter()
    process = piped(argv)
    exchange(process, data)
    return time.perf_counter() - start


def spare(argv, data):
    """As the daemon does it: one is ready before the document comes."""
    process = piped(argv)
    while not is_ready(process.pid):
        time.sleep(0.002)
    time.sleep(0.03)  # its libraries
    return exchange(process, data)


def alone(path):
    start = time.perf_counter()
    subprocess.run(["pdftotext", "-enc", "UTF-8", path, "-"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def pdf_figures(programs, folder):
    ours = [os.path.join(programs, "ragchatd-pdftext")]
    for wanted, pairs in SIZES:
        path = os.path.join(folder, f"{wanted}.pdf")
        pages = make_pdf(programs, path, wanted)
        with open(path, "rb") as f:
            data = f.read()
        rows = [(spare(ours, data), cold(ours, data), alone(path)) for _ in range(pairs)]
        ratio = [statistics.median(row[2] / row[i] for row in rows) for i in (0, 1)]
        peer = pages / statistics.median(row[2] for row in rows)
        print(f"spare_{wanted} {peer * ratio[0]} {peer}\ncold_{wanted} {peer * ratio[1]} {peer}", flush=True)


def docx(megabytes):
    text = io.StringIO()
    for i, part in enumerate(paragraphs() * 1000):
        text.write(f"<w:p><w:r><w:t>{i} {part.replace('&', '&amp;').replace('<', ' ')}</w:t></w:r></w:p>")
        if text.tell() > megabytes << 20:
            break
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("word/document.xml", f'<w:document xmlns:w="w"><w:body>{text.getvalue()}</w:body></w:document>')
    return out.getvalue()


def html(megabytes):
    parts = (f"<p>{i} <b>{part.replace('&', '&amp;')}</b></p>" for i, part in enumerate(paragraphs() * 1000))
    out = io.StringIO()
    for part in parts:
        out.write(part)
        if out.tell() > megabytes << 20:
            break
    return f"<html><head><title>x</title></head><body>{out.getvalue()}</body></html>".encode()


def other_figures(programs):
    for name, megabytes, data in (("docx", 8, docx(8)), ("html", 8, html(8))):
        label = f"a.{name}".encode()
        request = b"RXT1" + struct.pack("<I", len(label)) + label + data
        seconds = statistics.median(cold([os.path.join(programs, "ragchatd-extract")], request) for _ in range(7))
        print(f"rate_{name} {megabytes / seconds}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", required=True)
    programs = os.path.abspath(parser.parse_args().bin)
    folder = tempfile.mkdtemp(prefix="ragchat-bench-extract-")
    try:
        pdf_figures(programs, folder)
        other_figures(programs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
